"""Sessions without probes: repeated, and run as scripts, with the same results."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rawbpf.asm import Builder, r0, r1, r2, r3, r4, r10
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.replay.session import replay
from rawbpf.narration.script.writer import LONGEST, script
from rawbpf.narration.tell.json_line import decode, encode
from rawbpf.programs.program import load
from rawbpf.reading.ring_reader import RingReader
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Epoll, Mapping
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type, bpf_prog_type
from tests.support.command import rawbpf

RECORDINGS = sorted((Path(__file__).parents[1] / "corpora" / "recordings").iterdir())
PIN = next(one for one in RECORDINGS if one.stem == "pin")
PINNED = Path("/sys/fs/bpf/by_replay")

pytestmark = pytest.mark.no_probe

KIND = bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER
PACKET = bytes(range(64))
TEXT = b"written by a program"


def doubler():
    """A program that doubles the number at key 7, and returns the result."""
    b = Builder("doubler")
    b.mov(r1, 7)
    b.stxw(r10[-4], r1)
    b.ld_map_fd(r1, "numbers")
    b.mov(r2, r10)
    b.add(r2, -4)
    b.call("map_lookup_elem")
    b.jeq(r0, 0, "none")
    b.ldxdw(r1, r0[0])
    b.add(r1, r1)
    b.stxdw(r0[0], r1)
    b.mov(r0, r1)
    b.exit()
    b.label("none")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("doubler", KIND, b.build())


def session():
    """Fill a map, run a program on it twice, and read the map."""
    numbers = MapSpec("numbers", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 8, max_entries=8)
    key = (7).to_bytes(4, "little")
    with Map.create(numbers) as one, load(doubler(), {"numbers": one}) as program:
        one.update(key, (21).to_bytes(8, "little"))
        results = [bpf.prog_test_run(program.fileno(), PACKET).retval for _ in range(2)]
        assert [int.from_bytes(one.lookup(key), "little"), *results] == [84, 42, 84]
        program.info()


@pytest.fixture(scope="module")
def calls():
    raise_memlock_if_needed()
    with recorded() as found:
        session()
    return [decode(encode(call)) for call in found]


def test_a_repeated_session_gives_the_same_results(calls):
    outcomes = list(replay(calls))
    assert [(one.call.key, one.differences) for one in outcomes if one.differences] == []
    assert {"BPF_MAP_CREATE", "BPF_PROG_LOAD", "BPF_PROG_TEST_RUN"} <= {c.key for c in calls}
    assert all(one.result >= 0 for one in outcomes)


def test_a_different_start_gives_different_results(calls):
    def change(call):
        if call.key != "BPF_MAP_UPDATE_ELEM":
            return call
        blocks = [
            block._replace(before=(5).to_bytes(8, "little")) if block.kind == "value" else block
            for block in call.blocks
        ]
        return call._replace(blocks=tuple(blocks))

    different = [one for one in replay(map(change, calls)) if one.differences]
    names = ["BPF_PROG_TEST_RUN", "BPF_PROG_TEST_RUN", "BPF_MAP_LOOKUP_ELEM"]
    assert [one.call.key for one in different] == names
    assert different[0].differences == ("attr, byte 4: recorded 2a, now 0a",)


def sender():
    """A program that sends a text through a ring."""
    b = Builder("sender")
    for at in range(0, 24, 8):
        b.lddw(r1, int.from_bytes(TEXT.ljust(24, b"\0")[at : at + 8], "little"))
        b.stxdw(r10[at - 24], r1)
    b.ld_map_fd(r1, "ring")
    b.mov(r2, r10)
    b.add(r2, -24)
    b.mov(r3, 24)
    b.mov(r4, 0)
    b.call("ringbuf_output")
    b.exit()
    return ProgramSpec("sender", KIND, b.build())


def test_a_script_reads_a_ring_shared_by_all_cpus(tmp_path):
    raise_memlock_if_needed()
    ring = MapSpec("ring", bpf_map_type.BPF_MAP_TYPE_RINGBUF, 0, 0, max_entries=4096)
    kind, flags = bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_flags.BPF_F_MMAPABLE
    variables = MapSpec("variables", kind, 4, 64, max_entries=1, map_flags=flags)
    with (
        recorded() as calls,
        Map.create(variables) as section,
        Map.create(ring) as one,
        load(sender(), {"ring": one}) as program,
        RingReader(one) as reader,
    ):
        # an ordinary mapping, not a ring
        Mapping(section, 64, protection=PROT_READ | PROT_WRITE).close()
        epoll = Epoll()
        epoll.add(one.fileno(), 0)
        for _ in range(2):
            bpf.prog_test_run(program.fileno(), PACKET)
        epoll.wait(0)
        assert [len(one.contents.samples) for one in reader.drain()] == [2]
        epoll.close()
    file = tmp_path / "script.py"
    file.write_text(script(calls, "none"))
    assert len(file.read_text().splitlines()) <= LONGEST
    words = [sys.executable, "-I", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ring 24 bytes: written program\n" * 2


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_hostile_recordings_end_in_one_line(file):
    done = rawbpf("replay", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("rawbpf: cannot repeat ")
    assert len(done.stderr.splitlines()) == 1
    assert not PINNED.exists()


@pytest.fixture
def unpinned():
    yield
    PINNED.unlink(missing_ok=True)


@pytest.mark.usefixtures("unpinned")
def test_yes_allows_a_pin():
    done = rawbpf("replay", "--yes", str(PIN))
    assert (done.returncode, done.stderr) == (0, "")
    assert PINNED.exists()


@pytest.mark.usefixtures("unpinned")
@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("all", 0), ("n", 1), ("", 1)])
def test_the_terminal_is_asked(answer, status):
    """The call is made after the answer, or the replay stops."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "rawbpf", "replay", str(PIN)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        asked = ""
        while "[N]o: " not in asked:
            asked += os.read(ours, 4096).decode()
        assert not PINNED.exists()
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(60) == status
    os.close(ours)
    assert "BPF_OBJ_PIN: this call pins an object at '/sys/fs/bpf/by_replay'" in asked
    assert PINNED.exists() is (status == 0)


MUTATE = """
import sys
from pathlib import Path
from random import Random

sys.path[:0] = ["."]
from rawbpf.errors import RawbpfError
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.json_line import decode
from tests.support.sessions import mutate

lines = Path(sys.argv[1]).read_text().splitlines()
for seed in range(40):
    try:
        list(replay(map(decode, mutate(lines, Random(seed), 3))))
    except RawbpfError as error:
        assert len(str(error).splitlines()) == 1, error
print("survived")
"""


@pytest.mark.timeout(600)
def test_mutated_sessions_end_in_a_result_or_one_line(calls, tmp_path):
    """The real kernel writes to the memory that replay passes on; glibc would notice an overrun."""
    raise_memlock_if_needed()
    lines = [encode(call) for call in calls]
    file = tmp_path / "calls.jsonl"
    file.write_text("\n".join(lines))
    words = [sys.executable, "-c", MUTATE, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=500)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
