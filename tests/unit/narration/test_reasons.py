"""The reasons in narration, for commands that are called for different purposes."""

import errno
import re
from contextlib import suppress
from pathlib import Path

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import RawbpfError
from rawbpf.features.table import FEATURES
from rawbpf.narration.tell.narrator import REASONS
from rawbpf.programs.program import load
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall import bpf, bpf_object
from rawbpf.syscall.fd import Epoll
from rawbpf.syscall.gate import Attr, enter, replaced
from rawbpf.syscall.perf_event import open_bpf_output, open_probe
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad, BpfMapInfo
from rawbpf.uapi.bpf_commands import COMMANDS
from tests.support.fake_kernel import FakeKernel, write_log
from tests.support.told import told


def sentences(make, **script):
    """Return the reasons for the calls, with a fake kernel that returns scripted results."""

    def run():
        with replaced(FakeKernel(**script)), suppress(RawbpfError):
            make()

    return [line.strip("# ") for line in told(run).splitlines() if line.startswith("    #")]


@pytest.fixture
def spec():
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("two", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, b.build())


def hash_map():
    kind = bpf_map_type.BPF_MAP_TYPE_HASH
    attr = BpfAttrMapCreate(map_type=kind, key_size=4, value_size=8, max_entries=1)
    return bpf.map_create(attr)


def test_a_rejected_program_is_loaded_again_with_a_log(spec):
    log = "line of the log\n" * 10_000
    first, second, third = sentences(
        lambda: load(spec, {}), BPF_PROG_LOAD=[write_log(log, errno.EACCES)]
    )
    assert "No log is requested yet" in first
    assert second == (
        "The program was rejected (EACCES). The load is repeated with a log buffer, in which "
        "the verifier explains why."
    )
    assert (
        third == "The log did not fit into 65536 bytes, so the load is repeated with 262144 bytes."
    )


def test_an_interrupted_load_is_repeated(spec):
    said = sentences(lambda: load(spec, {}).close(), BPF_PROG_LOAD=[-errno.EAGAIN, 77])
    assert said[1].startswith("This is a retry: a signal")


def test_an_interrupted_run_is_repeated():
    said = sentences(lambda: bpf.prog_test_run(9, bytes(14)), BPF_PROG_TEST_RUN=[-errno.EINTR, 0])
    assert "runs the program once" in said[0]
    assert said[1] == "This is a retry: a signal interrupted the previous run (EINTR)."


def test_a_log_of_all_states():
    attr = Attr(BpfAttrProgLoad(log_level=6, log_size=4096)).point("log_buf", bytes(4096))
    (said, *_) = sentences(lambda: bpf.prog_load(attr, "two").close(), BPF_PROG_LOAD=[77])
    assert said.endswith("at each instruction (log_level 2).")


def test_tests_for_features():
    ringbuf = FEATURES["BPF_MAP_TYPE_RINGBUF"].probe
    (said, *_) = sentences(ringbuf, BPF_MAP_CREATE=[-errno.EINVAL])
    assert said == (
        "This tests for a feature: kernels without BPF_MAP_TYPE_RINGBUF reject this minimal map."
    )
    multi = FEATURES["BPF_LINK_TYPE_KPROBE_MULTI"].probe
    said = sentences(multi, BPF_PROG_LOAD=[77], BPF_LINK_CREATE=[-errno.ESRCH])
    assert "a minimal BPF_PROG_TYPE_KPROBE program" in said[0]
    assert "an invalid target" in said[1]


def test_walks_over_keys_and_ids():
    def walk():
        with hash_map() as one:
            bpf.map_get_next_key(one.fileno(), None, 4)
            bpf.map_get_next_key(one.fileno(), bytes(4), 4)
            bpf.obj_get_info(one.fileno(), BpfMapInfo())
        bpf_object.next_id(bpf_cmd.BPF_MAP_GET_NEXT_ID, 0)
        bpf_object.next_id(bpf_cmd.BPF_MAP_GET_NEXT_ID, 5)

    said = sentences(
        walk,
        BPF_MAP_CREATE=[77],
        BPF_MAP_GET_NEXT_KEY=[0],
        BPF_OBJ_GET_INFO_BY_FD=[0],
        BPF_MAP_GET_NEXT_ID=[0, -errno.ENOENT],
    )
    assert "starts iterating" in said[1]
    assert "continues with the next" in said[2]
    assert said[3].startswith("This requests information about the map;")
    assert "starts iterating over all maps" in said[5]
    assert "above 5" in said[6]


@pytest.mark.parametrize("held", [False, True])
def test_closing_an_event_removes_the_probe_unless_a_link_refers_to_it(held, monkeypatch):
    monkeypatch.setattr(
        "rawbpf.narration.capture.recorder.read_text", lambda _, file: "6" * ("/kp" in file)
    )

    def probe():
        event = open_probe(6, "do_exit")
        link = bpf.link_create_perf_event(9, event.fileno())
        for fd in (event, link) if held else (link, event):
            fd.close()

    said = sentences(probe, perf_event_open=[80], BPF_LINK_CREATE=[81])
    assert said[0].startswith("This creates the probe")
    assert "80<kprobe:do_exit>" in said[1]
    at_event = said[2 if held else 3]
    assert at_event.startswith("This removes the probe") is not held
    assert at_event.startswith("The link also refers to this event") is held


def test_unmapping_a_ring_and_other_memory():
    def make():
        with open_bpf_output(0) as event:
            enter("mmap", 0, 8192, 3, 1, event.fileno(), 0)
            enter("munmap", 0x7000, 8192)
            enter("munmap", 0x9000, 4096)

    said = sentences(make, perf_event_open=[80], mmap=[0x7000], munmap=[0])
    assert "1 data pages" in said[1]
    assert said[2] == "rawbpf no longer reads the ring."
    assert "This mapping is no longer needed." in said


def test_the_descriptors_of_an_epoll_instance_determine_its_purpose():
    def sleep():
        epoll = Epoll()
        epoll.wait(0.02)
        epoll.wait(0)
        epoll.close()

    said = sentences(sleep, epoll_create1=[88], epoll_pwait=[0])
    assert said[1] == (
        "There is no ring to read, so this sleeps for 20 ms, or until rawbpf is asked to stop."
    )
    assert said[2] == "This checks, without sleeping, which descriptors are ready."

    def rest():
        with Epoll() as rings, Epoll() as quiet, open_bpf_output(0) as event:
            rings.add(event.fileno(), 0)
            rings.wait(0.02)
            quiet.wait(0.02)

    answers = {"epoll_ctl": [0], "perf_event_open": [80], "epoll_pwait": [0]}
    said = sentences(rest, epoll_create1=[88, 89], **answers)
    assert "This sleeps until a ring has records, for at most 20 ms." in said
    assert said[4].startswith("This pauses for up to 20 ms without watching rings")


def test_every_command_has_a_purpose():
    assert set(COMMANDS) == set(bpf_cmd)
    for command in COMMANDS.values():
        assert command.purpose.split()[0].endswith("s"), command


def test_every_command_that_rawbpf_uses_has_a_structure():
    text = "".join(file.read_text() for file in Path("rawbpf/syscall").glob("*.py"))
    called = set(re.findall(r"bpf_cmd\.(BPF_\w+)", text))
    assert len(called) > 15
    bare = {name for name in called if COMMANDS[bpf_cmd[name]].struct is None}
    assert not bare, "add the structure of its attr to rawbpf/uapi/bpf_commands.py"


def test_every_row_is_about_an_existing_call():
    calls = {"perf_event_open", "ioctl", "mmap", "munmap", "epoll_create1", "epoll_ctl",
             "epoll_pwait", "close", "capget", "capset", "prctl", "GET_NEXT_ID",
             "GET_FD_BY_ID"}  # fmt: skip
    assert {row.key for row in REASONS} <= calls | set(bpf_cmd.__members__)


def test_the_last_row_of_each_key_always_matches():
    last = {row.key: row for row in REASONS}
    made = {key: row for key, row in last.items() if not key.endswith("_GET_NEXT_ID")}
    for key, row in made.items():
        if key != "BPF_OBJ_GET_INFO_BY_FD":
            assert row.when(None), f"{key}: a call may have no reason"
