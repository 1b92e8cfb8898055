"""``rawbpf list`` on simulated machines, and as a process for tests of stdout."""

import gc
import json
import subprocess
import sys

import pytest

from rawbpf.cli.arguments import parse
from rawbpf.cli.tracing.list import USAGE, run
from rawbpf.errors import RawbpfError, UsageError
from tests.support.machine import Machine

KALLSYMS = """\
ffffffff81000010 T vfs_read
ffffffff81000020 T vfs_write
ffffffff81000030 t notrace_one
ffffffff81000040 t twice
ffffffff81000050 t twice
ffffffff81000060 t variant.isra.0
ffffffff81000070 t variant.cold
ffffffff82000000 D vfs_data
ffffffffc0000000 t xfs_read [xfs]
ffffffffc0000010 t bpf_prog_1 [bpf]
"""


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path).kallsyms(KALLSYMS).kprobe_pmu().release("6.12.0")
    machine.mounts("t /sys/kernel/tracing tracefs rw 0 0", "d /sys/kernel/debug debugfs rw 0 0")
    hooked = "vfs_read\nvfs_write\ntwice\nvariant.isra.0\nxfs_read [xfs]\n"
    machine.file("/sys/kernel/tracing/available_filter_functions", hooked)
    return machine.file("/sys/kernel/debug/kprobes/blacklist", "0xff-0xff\tvfs_write\n")


@pytest.fixture
def listed(machine, capsys):
    def listed(*words):
        assert run(parse(USAGE, ["list", *words]), machine.root) == 0
        return capsys.readouterr().out.splitlines()

    return listed


def test_functions_that_can_be_probed_are_listed_in_order(listed):
    twice = "twice  # one of 2 symbols with this name"
    assert listed() == [twice, "variant.isra.0", "vfs_read", "xfs_read [xfs]"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["*read"], ["vfs_read", "xfs_read [xfs]"]),
        (["vfs_read"], ["vfs_read"]),
        (["[vx]fs_*"], ["vfs_read", "xfs_read [xfs]"]),
        (["v?s_read"], ["vfs_read"]),
        (["--module", "xfs"], ["xfs_read [xfs]"]),
        (["-m", "vmlinux", "*read"], ["vfs_read"]),
    ],
)
def test_patterns_and_modules_select_functions(listed, words, names):
    assert listed(*words) == names


def test_json_has_one_object_per_line(listed):
    rows = [json.loads(line) for line in listed("--json")]
    assert rows[0] == {"name": "twice", "module": None, "namesakes": 2}
    assert [row["name"] for row in rows] == ["twice", "variant.isra.0", "vfs_read", "xfs_read"]


def test_the_count_goes_to_stderr(machine, capsys):
    run(parse(USAGE, ["list", "vfs*"]), machine.root)
    assert capsys.readouterr().err == "1 function\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zzz*"], "no function that can be probed matches 'zzz*'"),
        (["*", "--module", "ext4"], "no function in the module ext4"),
        (["vfs_raed"], "did you mean vfs_read"),
        (["notrace_one"], "the function is notrace"),
        (["vfs_write"], "blacklist"),
        (["vfs_data"], "the symbol is data"),
        (["vfs_read", "--module", "ext4"], "module ext4 is not loaded"),
        (["["], "matches '['"),
        (["\x1b[31m"], "matches '\\x1b[31m'"),
    ],
)
def test_an_empty_list_is_explained(machine, capsys, words, said):
    with pytest.raises(RawbpfError) as raised:
        run(parse(USAGE, ["list", *words]), machine.root)
    assert said in str(raised.value)
    assert capsys.readouterr().out == ""


def test_too_many_arguments_are_a_usage_error():
    with pytest.raises(UsageError):
        parse(USAGE, ["list", "a", "b"])


def test_kernel_lists_that_cannot_be_read_are_named(machine, capsys):
    (machine.root / "sys/kernel/tracing/available_filter_functions").unlink()
    run(parse(USAGE, ["list", "*one"]), machine.root)
    out, err = capsys.readouterr()
    assert out == "notrace_one\n"
    assert "some may not be probeable: cannot read ftrace's list of functions" in err


def test_a_kernel_without_kprobes_is_reported(machine, capsys):
    (machine.root / "sys/bus/event_source/devices/kprobe/type").unlink()
    run(parse(USAGE, ["list"]), machine.root)
    out, err = capsys.readouterr()
    assert out
    assert (
        "none of these functions can be probed on this machine: this kernel has no kprobe PMU"
    ) in err


def test_a_missing_kallsyms_file_is_an_error(tmp_path):
    with pytest.raises(RawbpfError, match="cannot read the kernel's symbols"):
        run(parse(USAGE, ["list"]), tmp_path)


WRITE = "from rawbpf.cli.terminal import write_lines; write_lines(str(i) for i in range(100000))"


def test_a_reader_that_stops_early_is_not_an_error():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WRITE], stdout=pipe, stderr=pipe) as process:
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("redirect", "status", "said"),
    [(">/dev/full", 1, "cannot write to stdout: ENOSPC"), (">&-", 0, "")],
)
def test_a_full_disk_is_an_error_but_a_closed_stdout_is_not(redirect, status, said):
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {redirect}', sys.executable, WRITE], capture_output=True
    )
    assert done.returncode == status
    assert said in done.stderr.decode()
    assert "Exception ignored" not in done.stderr.decode()


def test_garbage_collection_is_enabled_again(listed, machine):
    assert listed("vfs_read")
    assert gc.isenabled()
    machine.file("/proc/kallsyms", "no line of it\n")
    with pytest.raises(RawbpfError):
        run(parse(USAGE, ["list"]), machine.root)
    assert gc.isenabled()
