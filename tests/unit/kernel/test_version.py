import resource

import pytest

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.version import (
    MINIMUM,
    bpf_counts_as_locked,
    kernel_version,
    memlock_limit,
    raise_memlock_if_needed,
    require_kernel,
)
from tests.support.machine import Machine


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("5.10.0-28-cloud-amd64", (5, 10, 0)),
        ("6.12.9-arch1-1", (6, 12, 9)),
        ("7.2-rc3", (7, 2, 0)),
        ("6.18.44-fc-v669", (6, 18, 44)),
        ("5.15.0-91-generic", (5, 15, 0)),
        ("4.19.0+", (4, 19, 0)),
    ],
)
def test_release_strings(release, version):
    assert kernel_version(release) == version


@pytest.mark.parametrize("release", ["", "linux", "6", "6.", ".6.1", "v6.1", "\u0666.\u0661"])
def test_invalid_releases(release):
    with pytest.raises(FormatError, match="invalid kernel release"):
        kernel_version(release)


def test_huge_numbers_are_rejected():
    with pytest.raises(FormatError):
        kernel_version("9" * 10_000 + ".1")


def test_debian(tmp_path):
    build = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
    machine = Machine(tmp_path).release("6.1.0-18-cloud-amd64", build)
    assert kernel_version(root=machine.root) == (6, 1, 76)


def test_debian_experimental(tmp_path):
    machine = Machine(tmp_path).release("7.2-amd64", "#1 SMP Debian 7.2~rc4-1~exp1 (2026-01-01)")
    assert kernel_version(root=machine.root) == (7, 2, 0)


def test_ubuntu(tmp_path):
    machine = Machine(tmp_path).release("6.5.0-14-generic", "#14~22.04.1-Ubuntu SMP")
    machine.file("/proc/version_signature", "Ubuntu 6.5.0-14.14~22.04.1-generic 6.5.3\n")
    assert kernel_version(root=machine.root) == (6, 5, 3)


def test_other_distributions(tmp_path):
    machine = Machine(tmp_path).release("6.12.9-arch1-1")
    assert str(kernel_version(root=machine.root)) == "6.12.9"


def test_without_procfs_the_release_comes_from_uname(tmp_path):
    assert kernel_version(root=tmp_path) >= MINIMUM


def test_versions_compare_with_shorter_tuples():
    assert kernel_version("5.10.200") < (5, 11)
    assert kernel_version("5.11") >= (5, 11)
    assert kernel_version("6.1.3") > (6, 1)


def test_kernels_that_are_too_old(tmp_path):
    folder = tmp_path / "proc/sys/kernel"
    folder.mkdir(parents=True)
    (folder / "osrelease").write_text("5.4.0-216-generic\n")
    with pytest.raises(UnsupportedError, match=r"too old: Linux 5\.4\.0.*needs 5\.8"):
        require_kernel(tmp_path)
    (folder / "osrelease").write_text("5.8.0\n")
    require_kernel(tmp_path)


LIMIT = resource.RLIMIT_MEMLOCK
LITTLE = 64 << 10


@pytest.fixture
def little_memlock():
    """Set the soft limit to 64 kB during the test."""
    soft, hard = resource.getrlimit(LIMIT)
    resource.setrlimit(LIMIT, (LITTLE, hard))
    yield
    _, hard = resource.getrlimit(LIMIT)
    resource.setrlimit(LIMIT, (soft, hard))


@pytest.mark.parametrize(("release", "counts"), [("5.10.0", True), ("5.11.0", False)])
def test_memlock_is_charged_up_to_5_10(tmp_path, release, counts):
    assert bpf_counts_as_locked(Machine(tmp_path).release(release).root) is counts


@pytest.mark.usefixtures("little_memlock")
def test_memlock_is_raised_on_old_kernels(tmp_path):
    _, hard = resource.getrlimit(LIMIT)
    raise_memlock_if_needed(Machine(tmp_path).release("5.10.0").root)
    assert memlock_limit() in (None, hard)
    assert hard == LITTLE or memlock_limit() != LITTLE


@pytest.mark.usefixtures("little_memlock")
def test_memlock_is_unchanged_on_new_kernels(tmp_path):
    raise_memlock_if_needed(Machine(tmp_path).release("5.11.0").root)
    assert memlock_limit() == LITTLE


def test_memlock_is_raised_to_the_hard_limit_without_cap_sys_resource(tmp_path, monkeypatch):
    asked = []

    def setrlimit(_, limits):
        asked.append(limits)
        if limits[0] == resource.RLIM_INFINITY:
            raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (LITTLE, 8 * LITTLE))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    raise_memlock_if_needed(Machine(tmp_path).release("5.10.0").root)
    assert asked == [(resource.RLIM_INFINITY,) * 2, (8 * LITTLE,) * 2]
