import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.hardware import (
    online_cpus,
    parse_cpu_list,
    pmu_format_bit,
    pmu_type,
    possible_cpus,
    time_namespace_offset_ns,
)
from tests.support.machine import Machine


def as_kernel_writes(cpus):
    """Format a set of CPUs as the kernel does: ranges, joined by commas."""
    runs = []
    for cpu in sorted(cpus):
        if runs and runs[-1][1] == cpu - 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


@given(st.sets(st.integers(0, 8191), max_size=100))
def test_round_trip_of_cpu_lists(cpus):
    assert parse_cpu_list(as_kernel_writes(cpus) + "\n") == sorted(cpus)


@pytest.mark.parametrize(
    "text", ["0-", "-1", "a", "3-1", "0,,1", "0 1", "0-99999", "0-4294967295", "0-1-2", "²"]
)
def test_malformed_cpu_lists_are_rejected(text):
    with pytest.raises(FormatError, match="invalid CPU list"):
        parse_cpu_list(text)


@given(st.text(max_size=20))
def test_any_text_gives_a_list_or_a_format_error(text):
    try:
        cpus = parse_cpu_list(text)
    except FormatError:
        return
    assert all(0 <= cpu < 1 << 16 for cpu in cpus)


def test_possible_and_online_cpus(tmp_path):
    machine = Machine(tmp_path)
    machine.file("/sys/devices/system/cpu/possible", "0-3,8\n")
    machine.file("/sys/devices/system/cpu/online", "0,2\n")
    assert possible_cpus(machine.root) == [0, 1, 2, 3, 8]
    assert online_cpus(machine.root) == [0, 2]


def test_cpus_without_sysfs(tmp_path):
    with pytest.raises(UnsupportedError, match="mount sysfs"):
        possible_cpus(tmp_path)


KPROBE = "/sys/bus/event_source/devices/kprobe"


def test_pmu_type_and_bit(tmp_path):
    machine = Machine(tmp_path).kprobe_pmu()
    assert pmu_type("kprobe", machine.root) == 6
    assert pmu_format_bit("kprobe", "retprobe", machine.root) == 0


def test_a_kernel_without_kprobes(tmp_path):
    machine = Machine(tmp_path).file("/sys/bus/event_source/devices/software/type", "1\n")
    with pytest.raises(UnsupportedError, match=r"CONFIG_KPROBE_EVENTS.*rawbpf guest"):
        pmu_type("kprobe", machine.root)


def test_pmus_without_sysfs(tmp_path):
    with pytest.raises(UnsupportedError, match="sysfs is not mounted"):
        pmu_type("kprobe", tmp_path)


@pytest.mark.parametrize(("file", "content"), [("type", "x"), ("format/retprobe", "config:0-3")])
def test_malformed_pmu_files_are_rejected(tmp_path, file, content):
    machine = Machine(tmp_path).kprobe_pmu().file(f"{KPROBE}/{file}", content)
    with pytest.raises(FormatError):
        pmu_type("kprobe", machine.root) + pmu_format_bit("kprobe", "retprobe", machine.root)


OFFSETS = "monotonic       86400 500000000\nboottime           -5         1\n"


def a_time_namespace(folder, own, shown):
    machine = Machine(folder).namespace("time", own).namespace("time_for_children", shown)
    return machine.file("/proc/self/timens_offsets", OFFSETS).root


def test_offsets_of_a_time_namespace(tmp_path):
    root = a_time_namespace(tmp_path, 4026532177, 4026532177)
    assert time_namespace_offset_ns(root=root) == 86_400_500_000_000
    assert time_namespace_offset_ns("boottime", root) == -5 * 10**9 + 1


def test_the_offsets_of_new_children_are_not_those_of_this_process(tmp_path):
    root = a_time_namespace(tmp_path / "initial", 4026531834, 4026532177)
    assert time_namespace_offset_ns(root=root) == 0
    root = a_time_namespace(tmp_path / "nested", 4026532100, 4026532177)
    with pytest.raises(UnsupportedError, match="of another namespace"):
        time_namespace_offset_ns(root=root)
