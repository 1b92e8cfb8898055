"""What a damaged or hostile recording cannot make replay do, and what replay asks first."""

import ctypes
import errno
import os
from pathlib import Path

import pytest

from rawbpf.errors import FormatError, RawbpfError
from rawbpf.narration.capture.call import Call, Ref
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.replay import promises
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.json_line import decode, encode
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import EVENT, Fd
from rawbpf.syscall.gate import Attr, buffer, enter, replaced
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import (
    BpfAttrMapCreate,
    BpfAttrObj,
    BpfAttrObjId,
    BpfAttrProgLoad,
    BpfAttrTestRun,
    BpfProgInfo,
)
from tests.support.fake_kernel import FakeKernel
from tests.support.sessions import Unchecked, sessions

RECORDINGS = Path(__file__).parents[2] / "corpora" / "recordings"
HASH = bpf_map_type.BPF_MAP_TYPE_HASH


def allow(_call, _effect):
    pass


def record(make):
    """Return the calls that ``make`` makes, as read from a file."""
    with replaced(Unchecked()), recorded() as found:
        make()
    return [decode(encode(call)) for call in found]


def effects(make):
    """Return what a replay asks about while it repeats the calls of ``make``."""
    asked = []
    with replaced(Unchecked()):
        list(replay(record(make), lambda call, effect: asked.append((call.key, effect))))
    return asked


def create(**changes):
    fields = {"map_type": HASH, "key_size": 4, "value_size": 8, "max_entries": 1} | changes
    return bpf.map_create(BpfAttrMapCreate(**fields))


def look_up():
    with create() as one:
        bpf.map_lookup_elem(one.fileno(), bytes(4), 8)


def sleep(timeout, seconds):
    """Return an epoll_pwait that took so many seconds when it was recorded."""
    with replaced(FakeKernel(epoll_create1=[50], epoll_pwait=[0])), recorded() as found:
        events = buffer(EVENT.size)
        enter("epoll_create1", 0)
        enter("epoll_pwait", 50, ctypes.addressof(events), 1, timeout, 0, 0)
    return [found[0], found[1]._replace(seconds=seconds)]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("number-of-another-command", "the call number 1 belongs to BPF_MAP_LOOKUP_ELEM"),
        ("pin", "this call pins an object at '/sys/fs/bpf/by_replay'"),
        (
            "label-is-a-fifo",
            "the call uses '/tmp/fifo', which was opened outside the recorded calls",
        ),
        ("long-sleep", "the call sleeps for 500000 s, but at most 60 s are allowed"),
        ("value-larger-than-block", "value points to 8 bytes, but the kernel writes 4194304"),
    ],
)
def test_a_hostile_recording_ends_in_one_clear_line(file, said):
    lines = (RECORDINGS / f"{file}.jsonl").read_text().splitlines()
    with replaced(Unchecked()), pytest.raises(RawbpfError) as caught:
        list(replay(map(decode, lines)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_recording_of_the_corpus_is_listed_above():
    marks = test_a_hostile_recording_ends_in_one_clear_line.pytestmark
    assert {file for file, _ in marks[0].args[1]} == {one.stem for one in RECORDINGS.iterdir()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"value_size": 9}, "value points to 8 bytes, but the kernel writes 9"),
        ({"key_size": 5}, "key points to 4 bytes, but the kernel reads 5"),
        ({"max_entries": 1 << 28}, "the map is larger than 1024 MiB"),
        ({"map_type": bpf_map_type.BPF_MAP_TYPE_PERCPU_HASH, "value_size": 9}, "kernel writes"),
    ],
)
def test_the_size_of_a_value_is_that_of_the_map(change, why):
    made, *rest = record(look_up)
    (wider, *_) = record(lambda: create(**change).close())
    wider = made._replace(blocks=wider.blocks)
    with replaced(Unchecked()), pytest.raises(FormatError, match=why):
        list(replay([wider, *rest]))


def test_a_truncated_block_is_not_passed_on():
    made, look, _ = record(look_up)
    blocks = [one._replace(room=4) if one.path == "attr.value" else one for one in look.blocks]
    with replaced(Unchecked()), pytest.raises(FormatError, match="value points to 4 bytes"):
        list(replay([made, look._replace(blocks=tuple(blocks))]))


def test_a_descriptor_that_overwrites_a_length_counts_as_the_length():
    """The kernel gets the new descriptor as ``count``, so the blocks are checked against it."""
    lines = sessions()[0]
    batch = next(decode(line) for line in lines if "BPF_MAP_LOOKUP_BATCH" in line)
    made = decode(lines[0])
    attr = batch.blocks[0]
    attr = attr._replace(refs=(*attr.refs, Ref(32, 4, fd=made.result)))
    with replaced(Unchecked()), pytest.raises(FormatError, match="keys points to 12 bytes"):
        list(replay([made, batch._replace(blocks=(attr, *batch.blocks[1:]))]))


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("mmap", (4096, 4096, 1, 1, 3, 0), "must be NULL"),
        ("mmap", (0, 1 << 40, 1, 1, 3, 0), "at most 256 MiB"),
        ("mmap", (0, -1, 1, 1, 3, 0), "at most 256 MiB"),
        ("mmap", (0, 4096, 7, 1, 3, 0), "protection or flags"),
        ("mmap", (0, 4096, 1, 0x31, 3, 0), "protection or flags"),
        ("ioctl", (3, 0x40082404, 0), "unknown request"),
        ("ioctl", (3, 0x2400, 1 << 40), "invalid argument"),
    ],
)
def test_words_that_rawbpf_never_passes(name, words, why):
    fd = 4 if name == "mmap" else 0
    with pytest.raises(FormatError, match=why):
        list(replay([Call(name, "", words, 0, refs=(Ref(fd, 8, fd=3),))]))


@pytest.mark.parametrize(
    ("name", "words"),
    [("mmap", (0, 4096, 1, 1, 1, 0)), ("ioctl", (1, 0x2400, 0)), ("epoll_ctl", (1, 1, 2, 0))],
)
def test_a_raw_number_is_not_used_as_a_descriptor(name, words):
    """1 is the stdout of this process, whatever it was when the call was recorded."""
    with pytest.raises(FormatError, match="do not identify the descriptors"):
        list(replay([Call(name, "", words, 0)]))


@pytest.mark.parametrize(("timeout", "seconds"), [(-1, 61.0), (2**31, 100.0), (61_000, 61.0)])
def test_long_sleeps_are_refused(timeout, seconds):
    calls = sleep(timeout, seconds)
    with replaced(Unchecked()), pytest.raises(FormatError, match="at most 60 s are allowed"):
        list(replay(calls))


def test_many_sleeps_are_refused():
    made, slept = sleep(-1, 59.0)
    with replaced(Unchecked()), pytest.raises(FormatError, match="longer than 600 s in total"):
        list(replay([made, *[slept] * 11]))


def test_labels_are_never_opened(tmp_path):
    """Opening a FIFO would wait for its other end."""
    os.mkfifo(tmp_path / "fifo")
    call = Call("ioctl", "", (3, 0x2400, 0), 0, refs=(Ref(0, 8, fd=3),),
                fds={3: str(tmp_path / "fifo")})  # fmt: skip
    with pytest.raises(FormatError, match="opened outside the recorded calls"):
        list(replay([call]))


def test_a_map_that_could_not_be_created_is_a_difference():
    with replaced(FakeKernel(BPF_MAP_CREATE=[-errno.EPERM], BPF_MAP_LOOKUP_ELEM=[-errno.EBADF])):
        found = [one.differences for one in replay(record(look_up))]
    assert found[1][0] == "recorded 0, now EBADF"


def test_a_name_does_not_hide_a_call_from_the_question():
    attach = Call("ioctl", "BPF_MAP_LOOKUP_ELEM", (3, 0x40042408, 4), 0,
                  refs=(Ref(0, 8, fd=3), Ref(2, 8, fd=4)))  # fmt: skip
    with pytest.raises(FormatError, match="ioctl does not take commands"):
        list(replay([attach]))


def test_creating_and_using_an_own_map_needs_no_consent():
    assert effects(look_up) == []


def load(insns="b7000000000000009500000000000000", kind=1):
    code = bytes.fromhex(insns)
    attr = Attr(BpfAttrProgLoad(prog_type=kind, insn_cnt=len(code) // 8))
    return bpf.prog_load(attr.point("insns", code).point("license", b"GPL\0"), "program")


def pin():
    with create() as one:
        attr = Attr(BpfAttrObj(bpf_fd=one.fileno())).point("pathname", b"/sys/fs/bpf/x\x1b\0")
        bpf.command(bpf_cmd.BPF_OBJ_PIN, attr)


def open_pinned():
    attr = Attr(BpfAttrObj()).point("pathname", b"/sys/fs/bpf/x\0")
    Fd(bpf.command(bpf_cmd.BPF_OBJ_GET, attr), "x").close()


def open_map_by_id():
    return Fd(bpf.command(bpf_cmd.BPF_MAP_GET_FD_BY_ID, Attr(BpfAttrObjId(id=7))), "map")


def change_foreign_map():
    with open_map_by_id() as one:
        bpf.map_update_elem(one.fileno(), bytes(8), bytes(4096))


def attach():
    with load() as program:
        bpf.link_create_perf_event(program.fileno(), -1).close()


@pytest.mark.parametrize(
    ("make", "asked"),
    [
        (pin, [("BPF_OBJ_PIN", r"this call pins an object at '/sys/fs/bpf/x\x1b'")]),
        (open_pinned, [("BPF_OBJ_GET", "this call opens the pinned object '/sys/fs/bpf/x'")]),
        (change_foreign_map, [
            ("BPF_MAP_GET_FD_BY_ID", "this call opens map 7, which others may use"),
            ("BPF_MAP_UPDATE_ELEM", "this call changes a map that the recording did not create"),
        ]),
        (attach, [("BPF_LINK_CREATE", "this call attaches a program")]),
        (lambda: bpf.enable_stats().close(),
         [("BPF_ENABLE_STATS", "this call measures all programs on this system")]),
        (lambda: load("85000000240000009500000000000000").close(),
         [("BPF_PROG_LOAD", "this call loads a program that calls probe_write_user")]),
        (lambda: load(kind=bpf_prog_type.BPF_PROG_TYPE_SYSCALL).close(),
         [("BPF_PROG_LOAD", "this call loads a program that can make system calls")]),
        (lambda: create(map_type=bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS).close(),
         [("BPF_MAP_CREATE", "this call creates a map that can replace kernel operations")]),
    ],
)  # fmt: skip
def test_replay_asks_before_calls_that_reach_others(make, asked):
    assert effects(make) == asked


def test_without_an_answer_nothing_is_done():
    calls = record(pin)
    kernel = Unchecked()
    with replaced(kernel), pytest.raises(RawbpfError, match="allow it with --yes"):
        list(replay(calls))
    assert kernel.things == {}  # the map was closed


@pytest.mark.parametrize("label", ["/dev/pts/0", "/tmp/output", "socket:[7]"])
def test_watching_the_stdout_of_the_recorded_command_is_left_out(label):
    """Whether epoll accepts it depends on what stdout was; labels are never opened."""
    with replaced(FakeKernel(epoll_create1=[50], epoll_ctl=[-errno.EPERM])), recorded() as found:
        enter("epoll_create1", 0)
        with pytest.raises(OSError, match="EPERM"):
            enter("epoll_ctl", 50, 1, 1, ctypes.addressof(buffer(EVENT.size)))
    kernel = Unchecked()
    with replaced(kernel):
        made, watched = replay([found[0], found[1]._replace(fds={1: label})])
    assert (made.repeated, watched.repeated, watched.differences) == (True, False, ())


def test_all_maps_together_are_bounded():
    calls = record(lambda: create(max_entries=1 << 25).close())  # 384 MiB
    with replaced(Unchecked()), pytest.raises(FormatError, match="all maps together"):
        list(replay(calls * 3))


def test_all_mappings_together_are_bounded():
    def map_often():
        with create(map_type=bpf_map_type.BPF_MAP_TYPE_ARRAY) as one:
            for _ in range(5):
                enter("mmap", 0, 1 << 28, 1, 1, one.fileno(), 0)

    with replaced(Unchecked()), pytest.raises(FormatError, match="all mappings together"):
        list(replay(record(map_often)))


def test_the_context_of_a_struct_ops_program_is_not_passed_on(monkeypatch):
    """The test run of bpf_dummy_ops writes to the address in the context's first word."""

    def run():
        with load() as program:
            attr = Attr(BpfAttrTestRun(prog_fd=program.fileno(), ctx_size_in=8))
            bpf.command(bpf_cmd.BPF_PROG_TEST_RUN, attr.point("ctx_in", bytes(8)))

    calls = record(run)
    info = BpfProgInfo(type=bpf_prog_type.BPF_PROG_TYPE_STRUCT_OPS)
    monkeypatch.setattr(promises, "obj_get_info", lambda *_: info)
    with replaced(Unchecked()), pytest.raises(FormatError, match="may contain pointers"):
        list(replay(calls, allow))


def test_errors_do_not_quote_whole_lines():
    """A line may have 16 MiB."""
    long = "x" * 100_000
    for line in (
        f'{{"call": "{long}", "words": [], "blocks": [], "fds": {{}}, "result": 0, "seconds": 0}}',
        f'{{"call": "close", "words": ["{long}"]}}',
        f'{{"call": "close", "words": [], "result": "{long}"}}',
    ):
        with pytest.raises(FormatError) as caught:
            decode(line)
        assert len(str(caught.value)) < 300
