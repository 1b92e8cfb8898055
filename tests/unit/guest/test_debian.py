import pytest

from rawbpf.errors import GuestError
from rawbpf.guest.kernels.apt import Archive, debian_archives, settings, sources
from rawbpf.guest.kernels.debian import fetch, kernel_packages, suites_for

MAIN = Archive("http://mirror.example/debian/", security=False)
SECURITY = Archive("http://mirror.example/debian-security/", security=True)
SUITES = ["bullseye", "bookworm", "trixie", "sid"]


def targets(*rows):
    return "\n".join(rows)


def test_archives_are_found_by_origin():
    answer = targets(
        "http://mirror.example/debian/|stable|main|Debian|amd64",
        "http://mirror.example/debian/|stable|contrib|Debian|amd64",
        "http://mirror.example/debian/|stable-updates|main|Debian|amd64",
        "http://mirror.example/debian-security/|stable-security|main|Debian|amd64",
        "https://elsewhere.example/|stable|main|Vendor|amd64",
        "cdrom:[Debian]/|bookworm|main|Debian|amd64",
    )
    assert debian_archives(answer, SUITES) == [MAIN, SECURITY]


def test_archives_are_found_by_suite_before_the_first_update():
    answer = targets(
        "http://mirror.example/debian/|bookworm|main|$(ORIGIN)|amd64",
        "http://mirror.example/debian-security/|bookworm-security|main||amd64",
        "https://elsewhere.example/|nodistro|main|$(ORIGIN)|amd64",
    )
    assert debian_archives(answer, SUITES) == [MAIN, SECURITY]


@pytest.mark.parametrize(
    "answer", ["", "\n", "rubbish", "a|b", "http://u.example/|noble|main|Ubuntu|amd64"]
)
def test_sources_without_a_debian_archive(answer):
    assert debian_archives(answer, SUITES) == []


def test_security_updates_are_a_source_except_for_sid(tmp_path):
    keyring = tmp_path / "keys.gpg"
    keyring.touch()
    assert sources([MAIN, SECURITY], "bullseye", str(keyring)).splitlines() == [
        f"deb [signed-by={keyring}] http://mirror.example/debian/ bullseye main",
        f"deb [signed-by={keyring}] http://mirror.example/debian-security/ bullseye-security main",
    ]
    assert (
        sources([MAIN, SECURITY], "sid", "/absent") == "deb http://mirror.example/debian/ sid main"
    )


def test_only_download_settings_of_the_host_are_used(tmp_path):
    text = settings('Acquire::http::Proxy "http://proxy.example:3128";', tmp_path, "me", "arm64")
    assert text.startswith('Acquire::http::Proxy "http://proxy.example:3128";\n')
    assert f'Dir::State "{tmp_path}/state";' in text
    assert 'Dir::Etc::parts "/dev/null";' in text
    assert "AllowInsecure" not in text


TRIXIE, SID = "6.12.117+deb13-cloud-amd64", "7.2.13+deb14-cloud-amd64"


@pytest.mark.parametrize(
    ("depends", "release", "packages"),
    [
        (f"linux-image-{TRIXIE} (= 6.12.117-1)", "", [f"linux-image-{TRIXIE}"]),
        (f"linux-base-cloud-amd64 (= 7.2), linux-image-{SID}", "", [f"linux-image-{SID}"]),
        ("kmod, initramfs-tools (>= 0.12) | linux-initramfs-tool", TRIXIE, []),
        (
            f"x | y, linux-base-{SID} (= 7.2), linux-binary-{SID}, linux-modules-{SID} (= 7.2)",
            SID,
            [f"linux-base-{SID}", f"linux-binary-{SID}", f"linux-modules-{SID}"],
        ),
    ],
)
def test_packages_of_a_kernel(depends, release, packages):
    record = f"Package: x\nVersion: 1\nDepends: {depends}\nDescription: y\n"
    assert kernel_packages(record, release) == packages


def test_a_metapackage_without_a_kernel():
    with pytest.raises(GuestError, match="does not depend on a kernel image"):
        kernel_packages("Package: x\nDepends: linux-base\n")


def test_suites_for_a_version():
    assert suites_for("bullseye") == ["bullseye"]
    assert suites_for("5.10") == suites_for("5.10.0-46-cloud-amd64") == ["bullseye"]
    assert suites_for("6.1") == ["bookworm"]
    assert suites_for("6.12.117") == ["trixie"]
    assert suites_for("7.2") == ["sid"]


def test_a_system_without_apt(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        GuestError, match="apt is not installed on this system; specify the path of a kernel image"
    ):
        fetch("bookworm", pytest.fail)
