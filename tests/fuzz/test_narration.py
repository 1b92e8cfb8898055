"""Narrate arbitrary arguments and results of bpf(2), and read arbitrary records."""

import ctypes
import re
import string

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError, KernelError, RawbpfError
from rawbpf.narration.capture.known import Known
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.dump import dump
from rawbpf.narration.tell.json_line import decode, encode
from rawbpf.narration.tell.line import format_call
from rawbpf.narration.tell.narrator import reason
from rawbpf.syscall.gate import enter, replaced
from rawbpf.uapi.bpf import bpf_cmd
from tests.support.told import GOLDEN

LINES = (GOLDEN / "kprobe-6.1.jsonl").read_text().splitlines()
SMALL = st.integers(0, 40).map(lambda n: n.to_bytes(4, "little"))
ATTR = st.lists(SMALL | st.binary(min_size=4, max_size=4), max_size=40).map(b"".join)
RESULT = st.sampled_from([0, 3, 70, -1, -13, -14, -22])


@given(command=st.sampled_from(list(bpf_cmd)), attr=ATTR, after=ATTR, result=RESULT)
def test_any_attr_can_be_narrated(command, attr, after, result):
    buffer = ctypes.create_string_buffer(attr, max(len(attr), 1))

    def kernel(_name, *_words):
        ctypes.memmove(buffer, after, min(len(after), len(buffer)))
        return result

    with replaced(kernel), recorded() as calls:
        for _ in range(2):  # the second call refers to what the first created
            try:
                enter("bpf", command, ctypes.addressof(buffer), len(attr))
            except KernelError:
                pass
    known = Known()
    for call in calls:
        assert format_call(call).startswith("bpf(")
        assert reason(call, known)
        dump(call)
        assert decode(encode(call)) == call
        known.learn(call)


CALLS = ["perf_event_open", "ioctl", "mmap", "munmap", "epoll_create1", "epoll_ctl", "epoll_pwait"]
WORDS = st.lists(st.integers(0, 12) | st.integers(0, 2**63), min_size=6, max_size=6)


@given(name=st.sampled_from(CALLS), words=WORDS, result=RESULT)
def test_any_arguments_can_be_narrated(name, words, result):
    count = {"munmap": 2, "ioctl": 3, "epoll_create1": 1, "epoll_ctl": 4, "perf_event_open": 5}
    with replaced(lambda *_: result), recorded() as calls:
        try:
            enter(name, *words[: count.get(name, 6)])
        except KernelError:
            pass
    (call,) = calls
    assert format_call(call).startswith(name)
    assert reason(call, Known())
    dump(call)
    assert decode(encode(call)) == call


@st.composite
def damaged(draw):
    """Return a line of a record with a part removed, inserted or replaced."""
    line = draw(st.sampled_from(LINES))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(line)))
        return line[:at] + draw(st.text(max_size=5)) + line[at + draw(st.integers(0, 5)) :]
    spots = list(re.finditer(r"(?<=[ \[])-?\d+(?=[,\]}])", line))
    spot = draw(st.sampled_from(spots))
    number = draw(st.sampled_from([-(2**31), -1, 0, 1, 7, 4096, 2**31, 2**63, 10**30]))
    return f"{line[: spot.start()]}{number}{line[spot.end() :]}"


@given(st.text(string.printable) | damaged())
def test_any_text_is_a_record_or_an_error(text):
    try:
        call = decode(text)
    except FormatError:
        return
    assert call.key
    with replaced(lambda *_: 0):
        try:
            list(replay([call]))
        except RawbpfError:  # damaged, or not without consent
            pass
    format_call(call)
    dump(call)
