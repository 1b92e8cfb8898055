"""Run programs with `rawbpf run`, and check what it prints."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from rawbpf.kernel.version import kernel_version
from tests.support.bpf_objects import CLANGS, ROOT, built
from tests.support.command import RAWBPF, opening_files, rawbpf, running, summary
from tests.support.leftovers import held, settles_to

ATTACHED = "Attached "
ME = os.getpid()
RING = built("open_ring", CLANGS[-1])


def test_records_of_a_ring_are_decoded_as_the_struct_of_the_object():
    before = held()
    words = ["run", str(RING), "--json", "-v", "--set", f"target_pid={os.getpid()}"]
    with running(*words) as run:
        run.wait_for("attached 1 programs")
        Path("/proc/version").read_bytes()
        run.wait_for("/proc/version")
        assert run.end() == 0
    rows = run.events()
    opened = [row["values"] for row in rows if row["map"] == "events"]
    assert {row["type"] for row in rows if "type" in row} == {"open_event"}
    assert "/proc/version" in [one["path"] for one in opened]
    assert {one["pid"] for one in opened} == {os.getpid()}
    assert rows[-1]["map"] == ".bss"
    assert rows[-1]["values"]["dropped"] == 0
    assert summary(run.errors) == (len(opened), 0)
    assert "open2: not loaded (optional)" in run.errors
    assert "are not counted here" in run.errors
    assert settles_to(before)


def test_log_records_of_a_perf_map_are_printed_and_maps_at_the_end():
    file = built("hello_kprobe", CLANGS[0])
    with opening_files(), running("run", str(file), "-d", "0.3") as run:
        assert run.end(None) == 0
    delivered, lost = summary(run.text)
    events = [line for line in run.lines if line.startswith("events[")]
    assert len(events) == delivered > 0
    assert all(line.endswith("kprobe triggered!\n") for line in events)
    _, _, counts = run.text.partition("\noutcomes:\n")
    per_cpu = json.loads(counts.splitlines()[0].removeprefix("  0: "))
    assert (sum(per_cpu), lost) == (delivered, 0)


def test_an_assembly_file_is_assembled_and_run():
    file = ROOT / "bpf_src" / "count_by_comm.bpf.s"
    with opening_files(), running("run", str(file), "-d", "0.3", "--json") as run:
        assert run.end(None) == 0
    me = Path("/proc/self/comm").read_text().strip()
    # After its NUL, a name may contain garbage (seen on 6.1).
    counts = {bytes(row["key"]).partition(b"\0")[0]: row["value"] for row in run.events()}
    assert counts[me.encode()] > 0


def test_only_the_text_of_an_iterator_is_printed():
    done = rawbpf("run", str(Path(__file__).parent / "run_programs" / "tasks.bpf.s"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.count("a task") == len(lines) > 3


def test_programs_that_are_not_attached_are_reported():
    done = rawbpf("run", str(built("packets", CLANGS[-1])), "-d", "1")
    assert done.returncode == 1
    assert "at_xdp: not attached: program 'at_xdp' needs an interface" in done.stderr
    assert "no program was attached" in done.stderr


def test_at_gives_targets_that_sections_lack():
    file = str(built("packets", CLANGS[-1]))
    with running("run", file, "--json", "-v", "--at", "at_xdp=lo") as run:
        run.wait_for("attached 1 programs")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            for _ in range(3):
                one.sendto(b"here", ("127.0.0.1", 9))
        assert run.end() == 0
    (rows,) = [row["value"] for row in run.events() if row.get("key") == "AT_XDP"]
    assert sum(cpu["packets"] for cpu in rows) >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_reader_that_does_not_read_cannot_block_the_end(number):
    before = held()
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    words = "-v", "run", "--json", str(RING), "--set", f"target_pid={os.getpid()}"
    with running(*words, stdout=write) as run:
        os.close(write)
        run.wait_for("attached 1 programs")
        for _ in range(200):
            Path("/proc/version").read_bytes()
        assert run.end(number) == (1 if number == signal.SIGTERM else -number)
    os.close(read)
    if number == signal.SIGTERM:
        assert "could not be written to stdout: nobody reads it" in run.errors
    assert settles_to(before)


def test_a_closed_pipe_ends_the_session():
    before = held()
    command = [*RAWBPF, "run", str(RING)]
    with (
        opening_files(),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
    ):
        assert process.stdout.readline().startswith(b"Attached 1 program.")
        process.stdout.close()
        assert process.wait(30) == 0
    assert settles_to(before)


FILE = os.open("/proc/kallsyms", os.O_RDONLY | os.O_CLOEXEC)
SIZES = str(built("read_sizes", CLANGS[-1]))


SEES_RETURNS = kernel_version() >= (5, 11)
"""On 5.10, a kretprobe follows at most one call per CPU, and blocked readers take these places."""


def read_a_file(times):
    for _ in range(times):
        assert len(os.pread(FILE, 100, 0)) == 100


def test_histograms_stacks_and_functions_behind_addresses_are_printed_at_the_end():
    with running("run", SIZES, "-v", "--hist", "sizes", "--set", f"target_pid={ME}") as run:
        run.wait_for("Attached 2 programs")
        read_a_file(5)
        assert run.end() == 0
    chains, readers, sizes = (
        run.text.partition(f"\n{name}:\n")[2].split("\n\n")[0].splitlines()
        for name in ("chains", "readers", "sizes")
    )
    assert any(line.strip().startswith("vfs_read+0x") for line in chains)
    ((key, value),) = [line.split(": ") for line in readers if "proc_reg_read" in line]
    assert re.fullmatch(r"  0x[0-9a-f]{16} <proc_reg_read(_iter)?\+0x0>", key)
    assert sum(json.loads(value)) == 5
    slots = {line[:16].rstrip(): int(line[16:24]) for line in sizes if "|" in line}
    assert not SEES_RETURNS or slots["[64, 128)"] >= 5


def test_json_of_histograms_and_stacks():
    words = ["--json", "-v", "--hist", "sizes", "--print", "chains"]
    with running("run", SIZES, *words, "--set", f"target_pid={ME}") as run:
        run.wait_for("attached 2 programs")
        read_a_file(5)
        assert run.end() == 0
    rows = run.events()
    assert {row["map"] for row in rows} == {"chains", "sizes"}
    (histogram,) = [row["histogram"] for row in rows if row["map"] == "sizes"]
    assert {slot["min"]: slot for slot in histogram}[64]["max"] == 127
    frames = [frame for row in rows if row["map"] == "chains" for frame in row["value"]]
    assert any(frame.startswith("vfs_read+0x") for frame in frames)


def test_map_dump_shows_stacks_histograms_and_functions():
    with running("run", SIZES, "-v", "--set", f"target_pid={ME}") as run:
        run.wait_for("Attached 2 programs")
        read_a_file(5)
        chains, sizes, readers = (
            rawbpf("map", "dump", *words).stdout
            for words in (["chains"], ["sizes", "--hist"], ["readers"])
        )
        assert run.end() == 0
    assert re.search(r"^\d+:\n    \w+\+0x", chains)
    assert "    vfs_read+0x" in chains
    assert not SEES_RETURNS or re.search(r"^\[64, 128\) +\d+ \|@", sizes, re.MULTILINE)
    assert re.search(r"<proc_reg_read(_iter)?\+0x0>: \[", readers)


def test_histograms_of_maps_that_the_object_lacks():
    done = rawbpf("run", SIZES, "--hist", "size")
    assert done.returncode == 2
    assert "--hist size: the object has no array or hash 'size'" in done.stderr
    assert "its arrays and hashes are: " in done.stderr
