import pytest

from rawbpf.errors import FormatError
from rawbpf.kernel.version import MINIMUM, kernel_version
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
def test_what_is_no_release(release):
    with pytest.raises(FormatError, match="is no kernel release"):
        kernel_version(release)


def test_a_huge_number_is_not_converted():
    with pytest.raises(FormatError):
        kernel_version("9" * 10_000 + ".1")


def test_debian_pins_the_release_and_tells_the_version_elsewhere(tmp_path):
    build = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
    machine = Machine(tmp_path).release("6.1.0-18-cloud-amd64", build)
    assert kernel_version(root=machine.root) == (6, 1, 76)


def test_debian_experimental_names_a_release_candidate(tmp_path):
    machine = Machine(tmp_path).release("7.2-amd64", "#1 SMP Debian 7.2~rc4-1~exp1 (2026-01-01)")
    assert kernel_version(root=machine.root) == (7, 2, 0)


def test_ubuntu_tells_the_version_in_its_signature(tmp_path):
    machine = Machine(tmp_path).release("6.5.0-14-generic", "#14~22.04.1-Ubuntu SMP")
    machine.file("/proc/version_signature", "Ubuntu 6.5.0-14.14~22.04.1-generic 6.5.3\n")
    assert kernel_version(root=machine.root) == (6, 5, 3)


def test_any_other_kernel_is_what_its_release_says(tmp_path):
    machine = Machine(tmp_path).release("6.12.9-arch1-1")
    assert str(kernel_version(root=machine.root)) == "6.12.9"


def test_without_procfs_uname_answers(tmp_path):
    assert kernel_version(root=tmp_path) >= MINIMUM


def test_versions_compare_with_shorter_tuples():
    assert kernel_version("5.10.200") < (5, 11)
    assert kernel_version("5.11") >= (5, 11)
    assert kernel_version("6.1.3") > (6, 1)
