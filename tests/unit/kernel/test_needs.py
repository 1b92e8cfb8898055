"""Capabilities that commands need, and those that remain after attaching."""

import pytest

from rawbpf.cli.main import COMMANDS
from rawbpf.kernel.needs import NEEDS, kept_after_attaching, required
from rawbpf.uapi.capability import CAPABILITIES
from tests.support.machine import Machine

RINGS = {"CAP_PERFMON", "CAP_IPC_LOCK"}


def a_kernel(folder, release, paranoid):
    machine = Machine(folder).release(release)
    return machine.file("/proc/sys/kernel/perf_event_paranoid", f"{paranoid}\n").root


@pytest.mark.parametrize(
    ("release", "paranoid", "rings_grow", "kept"),
    [
        ("5.18.0", 2, False, {"CAP_BPF"}),
        ("5.19.0", 2, False, set()),
        ("5.19.0", 3, False, set()),
        ("5.19.0", -1, True, RINGS),
        ("5.18.0", 2, True, {"CAP_BPF", *RINGS}),
        ("6.1.0", 3, True, {"CAP_SYS_ADMIN", *RINGS}),
    ],
)
def test_what_root_keeps(tmp_path, release, paranoid, rings_grow, kept):
    root = a_kernel(tmp_path, release, paranoid)
    assert kept_after_attaching(CAPABILITIES, rings_grow=rings_grow, root=root) == kept


def test_a_capability_that_stands_in_for_a_missing_one_is_kept(tmp_path):
    old = a_kernel(tmp_path / "old", "5.18.0", 2)
    new = a_kernel(tmp_path / "new", "6.1.0", 2)
    held = {"CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_CHOWN"}
    assert kept_after_attaching(held, rings_grow=False, root=old) == {"CAP_SYS_ADMIN"}
    assert kept_after_attaching(held, rings_grow=False, root=new) == set()
    assert kept_after_attaching(held, rings_grow=True, root=new) == {"CAP_PERFMON"}


def test_the_table_names_existing_commands_and_capabilities():
    assert set(NEEDS) <= set(COMMANDS)
    assert {one.capability for needs in NEEDS.values() for one in needs} <= set(CAPABILITIES)
    assert required("kprobe") == required("run") == ("CAP_BPF", "CAP_PERFMON")
    assert required("list") == ()
