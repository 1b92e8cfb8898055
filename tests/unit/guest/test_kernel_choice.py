from pathlib import Path

import pytest

from rawbpf.arch import ARM64, X86_64
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest.kernels.choice import DEFAULT_SUITE, Kernel, cached, choose, find

RELEASES = {
    "5.10.0-46-cloud-amd64": "bullseye",
    "6.1.0-9-cloud-amd64": "bookworm",
    "6.1.0-50-cloud-amd64": "bookworm",
    "6.12.117+deb13-cloud-amd64": "trixie",
    "6.12.9+deb13-cloud-amd64": "trixie",
    "6.1.0-57-cloud-arm64": "bookworm",
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path))

    def add(release):
        folder = tmp_path / "kernels" / release
        folder.mkdir(parents=True)
        (folder / "vmlinuz").touch()
        (folder / "origin").write_text(f"Suite: {RELEASES[release]}\nPackage: x\n")

    return add


@pytest.mark.parametrize(
    ("wanted", "release"),
    [
        (None, "6.12.117+deb13-cloud-amd64"),
        ("6.1", "6.1.0-50-cloud-amd64"),
        ("6", "6.12.117+deb13-cloud-amd64"),
        ("6.1.0-9", "6.1.0-9-cloud-amd64"),
        ("6.12", "6.12.117+deb13-cloud-amd64"),
        ("5.10.0", "5.10.0-46-cloud-amd64"),
        ("bookworm", "6.1.0-50-cloud-amd64"),
        ("6.1.0-46-cloud-amd64", None),
        ("5.1", None),
        ("sid", None),
        ("", None),
    ],
)
def test_the_newest_matching_kernel(cache, wanted, release):
    for name in RELEASES:
        cache(name)
    chosen = choose(wanted, cached(X86_64))
    assert (chosen.release if chosen else None) == release


def test_kernels_of_other_architectures_are_not_chosen(cache):
    for name in RELEASES:
        cache(name)
    assert [kernel.release for kernel in cached(ARM64)] == ["6.1.0-57-cloud-arm64"]
    assert len(cached(X86_64)) == len(RELEASES) - 1
    assert choose("6.12", cached(ARM64)) is None


@pytest.mark.usefixtures("cache")
def test_incomplete_kernels_are_ignored(tmp_path):
    (tmp_path / "kernels" / ".partial").mkdir(parents=True)
    (tmp_path / "kernels" / ".partial" / "vmlinuz").touch()
    (tmp_path / "kernels" / "6.9").mkdir()
    assert cached() == []


@pytest.mark.usefixtures("cache")
def test_a_path(tmp_path):
    image = tmp_path / "vmlinuz"
    image.touch()
    assert find(str(image), fetch=pytest.fail) == Kernel(image)
    with pytest.raises(UsageError, match="cannot read the kernel image"):
        find(str(tmp_path / "absent"), fetch=pytest.fail)


def test_missing_kernels_are_fetched_once(cache):
    asked = []

    def fetch(wanted):
        asked.append(wanted)
        cache("6.1.0-50-cloud-amd64")

    assert find(None, fetch).release == "6.1.0-50-cloud-amd64"
    assert find("6.1", fetch).release == "6.1.0-50-cloud-amd64"
    assert asked == [DEFAULT_SUITE]


def test_missing_modules_are_fetched_on_request(cache, tmp_path):
    cache("6.1.0-50-cloud-amd64")
    modules = tmp_path / "kernels" / "6.1.0-50-cloud-amd64" / "modules"
    asked = []

    def fetch(wanted):
        asked.append(wanted)
        modules.mkdir()

    assert find(None, fetch).modules is None
    assert find(None, fetch, with_modules=True).modules == modules
    assert find("6.1", fetch, with_modules=True).modules == modules
    assert asked == ["bookworm"]


def test_a_fetch_of_another_version_is_an_error(cache):
    with pytest.raises(GuestError, match=r"kernel 6\.6 not found"):
        find("6.6", lambda _: cache("6.1.0-50-cloud-amd64"))


def test_versions_compare_as_numbers():
    assert Kernel(Path(), "6.12.117+deb13").version > Kernel(Path(), "6.12.9+deb13").version
