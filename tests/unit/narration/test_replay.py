"""Replay: recorded calls, repeated against a fake kernel."""

import ctypes
import errno
import os
from itertools import count

import pytest

from rawbpf.errors import FormatError, KernelError
from rawbpf.narration.capture.call import Ref
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.json_line import decode, encode
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import enter, replaced
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrMapElem
from tests.support.fake_kernel import FakeKernel

NOT_OPEN = 9999
"""A descriptor that this process cannot have open by chance, so that its file has no name."""


def session():
    """Create a map, write and read an entry, close the map."""
    kind = bpf_map_type.BPF_MAP_TYPE_HASH
    attr = BpfAttrMapCreate(map_type=kind, key_size=4, value_size=4, max_entries=1)
    with bpf.map_create(attr) as one:
        bpf.map_update_elem(one.fileno(), b"key ", b"1234")
        return bpf.map_lookup_elem(one.fileno(), b"key ", 4)


class Kernel(FakeKernel):
    """A kernel that stores one entry and returns descriptors from ``first`` on."""

    def __init__(self, first=50, stored=None):
        numbers = count(first)
        self.entry = None
        super().__init__(
            BPF_MAP_CREATE=[lambda *_: next(numbers)],
            BPF_MAP_UPDATE_ELEM=[self.update],
            BPF_MAP_LOOKUP_ELEM=[self.look_up],
        )
        self.stored = stored
        self.maps = []

    def update(self, _cmd, address, _size):
        attr = BpfAttrMapElem.from_address(address)
        self.maps.append(attr.map_fd)
        self.entry = ctypes.string_at(attr.value, 4)
        return 0

    def look_up(self, _cmd, address, _size):
        ctypes.memmove(BpfAttrMapElem.from_address(address).value, self.stored or self.entry, 4)
        return 0


@pytest.fixture
def calls():
    with replaced(Kernel()), recorded() as found:
        assert session() == b"1234"
    return [decode(encode(call)) for call in found]


def test_descriptors_and_addresses_are_replaced(calls):
    kernel = Kernel(first=60)
    with replaced(kernel):
        outcomes = list(replay(calls))
    assert [one.differences for one in outcomes] == [()] * 4
    assert kernel.maps == [60]
    assert kernel.closed == [60]


def test_a_different_answer_is_reported(calls):
    with replaced(Kernel(stored=b"1x34")):
        outcomes = list(replay(calls))
    assert outcomes[2].differences == ("attr.value, byte 1: recorded 32, now 78",)


@pytest.mark.parametrize(
    ("now", "varies", "said"),
    [
        (b"1x34", (), ("attr.value, byte 1: recorded 32, now 78",)),
        (b"xx3x", (), ("attr.value, byte 0: recorded 31, now 78 and 2 more bytes",)),
        (b"xx3x", ((0, 2),), ("attr.value, byte 3: recorded 34, now 78",)),
        (b"xxxx", ((0, 1), (1, 99), (-3, 2), (9, 9), (2, -2)), ()),
    ],
)
def test_parts_that_vary_are_not_compared(calls, now, varies, said):
    """Places that vary may be anywhere in a damaged recording."""
    look = calls[2]
    blocks = tuple(
        block._replace(varies=varies) if block.after == b"1234" else block for block in look.blocks
    )
    with replaced(Kernel(stored=now)):
        *_, last = replay([*calls[:2], look._replace(blocks=blocks)])
    assert last.differences == said


def test_a_failure_is_a_difference(calls):
    failing = FakeKernel(BPF_MAP_CREATE=[-errno.EPERM], BPF_MAP_UPDATE_ELEM=[-errno.EBADF])
    with replaced(failing):
        first, second, *_ = replay(calls)
    assert first.differences == ("recorded 50, now EPERM",)
    assert second.differences == ("recorded 0, now EBADF",)


def test_descriptors_left_open_are_closed(calls):
    kernel = Kernel(first=60)
    with replaced(kernel):
        list(replay(calls[:2]))
    assert kernel.closed == [60]


def test_a_call_that_succeeds_only_now_is_undone(calls):
    """Repeat it twice: both descriptors replace the same recorded errno."""
    failed = calls[0]._replace(result=-errno.EPERM)
    kernel = Kernel(first=60)
    with replaced(kernel):
        outcomes = list(replay([failed, failed]))
    assert [one.differences for one in outcomes] == [
        ("recorded EPERM, now 60",),
        ("recorded EPERM, now 61",),
    ]
    assert sorted(kernel.closed) == [60, 61]


def test_a_substitute_that_a_recorded_call_closes_is_closed_once():
    with recorded() as found, Fd(os.open("/dev/null", os.O_RDONLY), "null"):
        pass
    assert [one.differences for one in replay(found)] == [()]


def test_a_failed_close_does_not_leave_others_open(calls):
    class Failing(Kernel):
        def __call__(self, name, *words):
            return -errno.EIO if (name, *words) == ("close", 60) else super().__call__(name, *words)

    kernel = Failing(first=60)
    with replaced(kernel), pytest.raises(KernelError, match="EIO"):
        list(replay([calls[0], calls[0]._replace(result=51)]))
    assert kernel.closed == [61]


def test_a_failed_mapping_is_not_unmapped():
    """munmap(2) of 128 MB at address 0 would unmap the code of Python itself."""
    with replaced(FakeKernel(mmap=[0x7000_0000], munmap=[0])), recorded() as found:
        enter("mmap", 0, 1 << 27, 1, 1, NOT_OPEN, 0)
        enter("munmap", 0x7000_0000, 1 << 27)
    kernel = FakeKernel(mmap=[-errno.EPERM])
    with replaced(kernel):
        mapped, unmapped = replay(found)
    assert mapped.differences == ("recorded 0x70000000, now EPERM",)
    assert unmapped.differences == ("nothing is mapped at the address now",)
    assert kernel.names() == ["mmap"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "reboot"}, "unknown call 'reboot'"),
        ({"words": (0, 0, 1 << 20)}, "shorter than the size argument"),
        (
            {"name": "close", "refs": (), "words": (3,)},
            "the descriptor or mapping that the call closes was not recorded",
        ),
        (
            {"name": "close", "refs": (Ref(0, 8),), "words": (3,)},
            "the descriptor or mapping that the call closes was not recorded",
        ),
        (
            {"name": "munmap", "refs": (Ref(0, 8, fd=3),), "words": (3, 4096)},
            "the descriptor or mapping that the call closes was not recorded",
        ),
        (
            {"name": "munmap", "refs": (Ref(1, 8),), "words": (4096, 4096)},
            "the descriptor or mapping that the call closes was not recorded",
        ),
        (
            {"name": "munmap", "refs": (Ref(0, 8, block=0),), "words": (0, 8)},
            "the descriptor or mapping that the call closes was not recorded",
        ),
        ({"refs": ()}, "was not recorded"),
        ({"blocks": ()}, "reference is out of range|is unknown"),
        ({"name": "ioctl", "words": (3, 0x80082407, 1)}, "unknown request"),
    ],
)
def test_unsafe_calls_are_not_repeated(calls, change, why):
    with replaced(Kernel()), pytest.raises(FormatError, match=why):
        list(replay([calls[0]._replace(**change)]))


def test_an_address_whose_memory_is_unknown_is_not_passed_on():
    attr = BpfAttrMapElem(map_fd=NOT_OPEN, key=0xDEAD0000, value=0xBEEF0000)
    with replaced(FakeKernel(BPF_MAP_LOOKUP_ELEM=[0])), recorded() as calls:
        enter("bpf", bpf_cmd.BPF_MAP_LOOKUP_ELEM, ctypes.addressof(attr), 32)
    seen = []

    def look(_cmd, address, _size):
        passed = BpfAttrMapElem.from_address(address)
        seen.append((passed.key, passed.value))
        return 0

    with replaced(FakeKernel(BPF_MAP_LOOKUP_ELEM=[look])):
        list(replay(calls))
    assert seen == [(0, 0)]


@pytest.mark.parametrize("line", ["", "{}", "[]", "nonsense", '{"call": "bpf", "words": [{}]}'])
def test_malformed_lines(line):
    with pytest.raises(FormatError, match="not a recorded call"):
        decode(line)
