"""tracefs, BTF, configuration, modules and kallsyms, read from a folder of files."""

import gzip
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel import kallsyms
from rawbpf.kernel.btf import btf_modules, loaded_modules, vmlinux_btf
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.file_systems import available_filter_functions, blacklist, mounted, tracefs
from rawbpf.kernel.hardware import read_bytes
from tests.support.machine import Machine

TRACEFS = "tracefs /sys/kernel/tracing tracefs rw 0 0"
DEBUGFS = "debugfs /sys/kernel/debug debugfs rw 0 0"
AUTOMOUNT = "tracefs /sys/kernel/debug/tracing tracefs rw 0 0"


def test_the_usual_mount_point_is_preferred(tmp_path):
    machine = Machine(tmp_path).mounts(AUTOMOUNT, TRACEFS)
    assert tracefs(machine.root) == "/sys/kernel/tracing"


def test_tracefs_below_debugfs(tmp_path):
    assert tracefs(Machine(tmp_path).mounts(DEBUGFS, AUTOMOUNT).root) == "/sys/kernel/debug/tracing"


def test_mount_points_with_spaces_and_malformed_lines(tmp_path):
    machine = Machine(tmp_path).mounts("broken", r"x /mnt/my\040traces\011x tracefs rw 0 0")
    assert tracefs(machine.root) == "/mnt/my traces\tx"


def test_not_mounted(tmp_path):
    assert tracefs(tmp_path) is None
    assert mounted("nosuchfs") is None
    assert available_filter_functions(tmp_path) is None
    assert blacklist(tmp_path) is None


def test_the_lists_are_read_from_the_mount_points(tmp_path):
    machine = Machine(tmp_path).mounts(TRACEFS, DEBUGFS)
    machine.file("/sys/kernel/tracing/available_filter_functions", "vfs_read\n")
    machine.file("/sys/kernel/debug/kprobes/blacklist", "0x10-0x20\tint3\n")
    assert available_filter_functions(machine.root) == b"vfs_read\n"
    assert blacklist(machine.root) == b"0x10-0x20\tint3\n"


def test_btf_of_the_kernel_and_of_modules(tmp_path):
    assert vmlinux_btf(tmp_path) is None
    assert btf_modules(tmp_path) == []
    machine = Machine(tmp_path)
    for name in ("vmlinux", "xfs", "ext4"):
        machine.file(f"/sys/kernel/btf/{name}", b"\x9f\xeb")
    assert read_bytes("/", vmlinux_btf(machine.root)) == b"\x9f\xeb"
    assert btf_modules(machine.root) == ["ext4", "xfs"]


CONFIG = "CONFIG_KPROBES=y\n# CONFIG_BPF_KPROBE_OVERRIDE is not set\nCONFIG_HZ=250\n"


@pytest.mark.parametrize(
    ("path", "pack"),
    [
        ("/proc/config.gz", gzip.compress),
        ("/boot/config-6.1.0-18-amd64", bytes),
        ("/lib/modules/6.1.0-18-amd64/config", bytes),
    ],
)
def test_locations_of_the_configuration(tmp_path, path, pack):
    machine = Machine(tmp_path).release("6.1.0-18-amd64").file(path, pack(CONFIG.encode()))
    options = "CONFIG_KPROBES", "CONFIG_BPF_KPROBE_OVERRIDE", "CONFIG_HZ", "CONFIG_KPROBE"
    assert [kernel_config(option, machine.root) for option in options] == ["y", "n", "250", "n"]


def test_missing_configuration(tmp_path):
    assert kernel_config("CONFIG_KPROBES", tmp_path) is None


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_a_damaged_configuration(tmp_path, cut):
    packed = gzip.compress(CONFIG.encode())[:cut] if cut else b"plain text, not packed"
    machine = Machine(tmp_path).file("/proc/config.gz", packed)
    with pytest.raises(FormatError, match="damaged"):
        kernel_config("CONFIG_KPROBES", machine.root)


def test_loaded_modules(tmp_path):
    assert loaded_modules(tmp_path) == []
    machine = Machine(tmp_path).file("/proc/modules", "xfs 1 0 - Live 0x0\next4 1 0 - Live 0x0\n")
    assert loaded_modules(machine.root) == ["ext4", "xfs"]


@contextmanager
def nobody():
    """Run without CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE, also as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_an_unreadable_file_is_none():
    with TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        Machine(root).file("/secret", "x")
        (root / "secret").chmod(0)
        with nobody():
            assert read_bytes(root, "/secret") is None


def test_a_process_that_ends_while_its_file_is_read_is_none():
    child = os.fork()
    if not child:
        signal.pause()
    with open(f"/proc/{child}/comm", "rb") as file:  # noqa: PTH123 -- its number is wanted
        os.kill(child, 9)
        os.waitpid(child, 0)
        assert read_bytes("/", f"/proc/self/fd/{file.fileno()}") is None


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path):
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path, "/")


def test_no_kallsyms(tmp_path):
    for read in (
        lambda: kallsyms.read_kallsyms(tmp_path),
        lambda: kallsyms.find_symbols("x", tmp_path),
    ):
        with pytest.raises(UnsupportedError, match="CONFIG_KALLSYMS"):
            read()


@given(st.lists(st.text("abc_", min_size=1, max_size=9), max_size=30), st.integers(1, 64))
def test_reading_in_blocks_finds_the_same_symbols(tmp_path_factory, names, block):
    machine = Machine(tmp_path_factory.getbasetemp())
    machine.kallsyms("".join(f"ff{i:02x} t {name}\n" for i, name in enumerate(names)))
    whole = kallsyms.read_kallsyms(machine.root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kallsyms, "_BLOCK", block)
        for name in {*names, "a", "zzz"}:
            assert kallsyms.find_symbols(name, machine.root) == whole.lookup(name)
        wanted = {*names, "a"}
        assert kallsyms.find_all(wanted, machine.root) == {one: whole.lookup(one) for one in wanted}
