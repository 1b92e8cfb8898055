import pytest

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.pmu import pmu_format_bit, pmu_type
from tests.support.machine import Machine

KPROBE = "/sys/bus/event_source/devices/kprobe"


def test_type_and_bit(tmp_path):
    machine = Machine(tmp_path).kprobe_pmu()
    assert pmu_type("kprobe", machine.root) == 6
    assert pmu_format_bit("kprobe", "retprobe", machine.root) == 0


def test_a_kernel_without_kprobes_says_so_and_what_helps(tmp_path):
    machine = Machine(tmp_path).file("/sys/bus/event_source/devices/software/type", "1\n")
    with pytest.raises(UnsupportedError, match=r"CONFIG_KPROBE_EVENTS.*rawbpf guest"):
        pmu_type("kprobe", machine.root)


def test_without_sysfs_the_kernel_is_not_blamed(tmp_path):
    with pytest.raises(UnsupportedError, match="sysfs is not mounted"):
        pmu_type("kprobe", tmp_path)


@pytest.mark.parametrize(("file", "content"), [("type", "x"), ("format/retprobe", "config:0-3")])
def test_what_sysfs_never_writes_is_refused(tmp_path, file, content):
    machine = Machine(tmp_path).kprobe_pmu().file(f"{KPROBE}/{file}", content)
    with pytest.raises(FormatError):
        pmu_type("kprobe", machine.root) + pmu_format_bit("kprobe", "retprobe", machine.root)
