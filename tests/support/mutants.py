"""Change accepted programs at random until the kernel rejects them.

A base is a BPF_PROG_LOAD call of an accepted program, recorded at the gate, with its maps, types
and attach targets. The collection that made the call stays open. A mutant is the same call with one
to three changed instructions. Mutants are loaded but never run.
"""

import ctypes
import errno
from contextlib import ExitStack, contextmanager
from random import Random
from typing import NamedTuple

from rawbpf.collection.collection import Collection
from rawbpf.collection.object_source import read_object
from rawbpf.errors import KernelError, RawbpfError
from rawbpf.syscall import gate
from rawbpf.uapi.bpf import bpf_cmd, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from rawbpf.verifier.exhibits import exhibits
from tests.support.bpf_objects import CLANGS, SOURCES, built
from tests.support.rejected import spec_for

SLOT = 8
LOOPS = (
    "infinite_loop", "loop_without_bound", "too_complex", "recursion", "iterator_not_initialised",
    "iterator_not_destroyed",
)  # fmt: skip
"""Left out, because a small change makes the verifier process a million instructions."""
LOG_SIZES = (1 << 16, 1 << 21)
LEVEL, STATS = 1, 4


class Base(NamedTuple):
    """An ``attr`` without pointers. ``buffers`` maps fields to the contents of their buffers."""

    name: str
    attr: bytes
    size: int
    buffers: dict[str, bytes]


class Bases:
    """All programs in the tree that the kernel accepts, and the open collections they need."""

    def __init__(self, kernel):
        self.kernel, self.found = kernel, []
        self._stack = ExitStack()

    def __enter__(self):
        for one in exhibits():
            if one.name in LOOPS:
                continue
            self._take(one.name, lambda one=one: spec_for(one.fixed_path))
        for path in sorted(SOURCES.glob("*.bpf.s")):
            self._take(path.name, lambda path=path: read_object(path))
        for path in sorted(SOURCES.glob("*.bpf.c")):
            name = path.name.removesuffix(".bpf.c")
            self._take(name, lambda name=name: read_object(built(name, CLANGS[-1])))
        return self.found

    def __exit__(self, *_):
        self._stack.close()

    def _take(self, name, read):
        """Collect the programs of an object that this kernel accepts. Some need a newer kernel."""
        try:
            collection = self._stack.enter_context(Collection(read(), self.kernel))
            with caught(name, self.found):
                collection.load()
        except RawbpfError:
            return


@contextmanager
def caught(name, bases):
    """Record each BPF_PROG_LOAD that succeeds."""

    def observe(call, words, result):
        if call == "bpf" and words[0] == bpf_cmd.BPF_PROG_LOAD and result >= 0:
            bases.append(base(name, *words[1:3]))

    with gate.observed(observe):
        yield


def base(name, address, size):
    data = ctypes.string_at(address, size).ljust(ctypes.sizeof(BpfAttrProgLoad), b"\0")
    attr = BpfAttrProgLoad.from_buffer_copy(data)
    buffers = {
        "insns": ctypes.string_at(attr.insns, attr.insn_cnt * SLOT),
        "license": ctypes.string_at(attr.license) + b"\0",
        "func_info": _records(attr.func_info, attr.func_info_cnt * attr.func_info_rec_size),
        "line_info": _records(attr.line_info, attr.line_info_cnt * attr.line_info_rec_size),
    }
    return Base(name, data, size, buffers)


def _records(address, size):
    return ctypes.string_at(address, size) if size else b""


NUMBERS = (0, 1, -1, 2, 7, 8, 16, 64, 255, 512, -512, 4096, 1 << 20, (1 << 31) - 1, -(1 << 31))
OFFSETS = (0, 1, -1, 2, 4, -4, 8, -8, 16, -16, 64, -512, -520, 1 << 14)
OTHER_TYPES = ("SOCKET_FILTER", "KPROBE", "SCHED_CLS", "XDP", "CGROUP_SKB", "TRACEPOINT")
HELPERS = 212
NOTHING = b"\x05" + bytes(7)  # goto +0


class Mutant(NamedTuple):
    """A load to try: the base's call with changed instructions, and perhaps another type."""

    base: Base
    insns: bytes
    prog_type: int | None


def mutant(random: Random, bases):
    """Make one to three changes to a base."""
    one = random.choice(bases)
    slots = [
        one.buffers["insns"][at : at + SLOT] for at in range(0, len(one.buffers["insns"]), SLOT)
    ]
    for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
        kind = random.choices(KINDS, WEIGHTS)[0]
        kind(random, slots, bases)
    prog_type = None
    if random.random() < 0.05:
        prog_type = bpf_prog_type[f"BPF_PROG_TYPE_{random.choice(OTHER_TYPES)}"].value
    return Mutant(one, b"".join(slots), prog_type)


def _edit(random, slots):
    at = random.randrange(len(slots))
    return at, bytearray(slots[at])


def register(random, slots, _):
    at, insn = _edit(random, slots)
    number = random.randrange(11) if random.random() < 0.98 else random.randrange(16)
    insn[1] = insn[1] & 0xF0 | number if random.random() < 0.5 else insn[1] & 0x0F | number << 4
    slots[at] = bytes(insn)


def offset(random, slots, _):
    at, insn = _edit(random, slots)
    now = int.from_bytes(insn[2:4], "little", signed=True)
    value = now + random.choice(OFFSETS) if random.random() < 0.7 else random.choice(OFFSETS)
    insn[2:4] = (value & 0xFFFF).to_bytes(2, "little")
    slots[at] = bytes(insn)


def number(random, slots, _):
    at, insn = _edit(random, slots)
    if insn[0] == 0x85 and random.random() < 0.8:
        value = random.randrange(HELPERS + 2)
        insn[1] &= 0x0F  # the number of a helper
    else:
        now = int.from_bytes(insn[4:8], "little", signed=True)
        value = now + random.choice(OFFSETS) if random.random() < 0.5 else random.choice(NUMBERS)
    insn[4:8] = (value & 0xFFFF_FFFF).to_bytes(4, "little")
    slots[at] = bytes(insn)


def opcode(random, slots, bases):
    """Return an opcode, usually one that some base uses."""
    at, insn = _edit(random, slots)
    if random.random() < 0.7:
        other = random.choice(bases).buffers["insns"]
        insn[0] = other[random.randrange(len(other) // SLOT) * SLOT]
    else:
        insn[0] = random.randrange(256)
    slots[at] = bytes(insn)


def swap(random, slots, _):
    first, second = random.randrange(len(slots)), random.randrange(len(slots))
    slots[first], slots[second] = slots[second], slots[first]


def drop(random, slots, _):
    at = random.randrange(len(slots))
    slots[at] = NOTHING
    if at + 1 < len(slots) and slots[at + 1][0] == 0:
        slots[at + 1] = NOTHING  # the second half of a 64-bit load


def copy(random, slots, bases):
    """Insert a few instructions of another program, whose maps are open, too."""
    other = random.choice(bases).buffers["insns"]
    count = random.randint(1, 4)
    start = random.randrange(len(other) // SLOT)
    at = random.randrange(len(slots))
    for index in range(count):
        piece = other[(start + index) * SLOT : (start + index + 1) * SLOT]
        if len(piece) == SLOT and at + index < len(slots):
            slots[at + index] = piece


def null_check(random, slots, _):
    """Remove a comparison with 0."""
    checks = [at for at, one in enumerate(slots) if one[0] in (0x15, 0x55)]
    if checks:
        slots[random.choice(checks)] = NOTHING


def call(random, slots, _):
    """Remove a call, or turn an instruction into a call."""
    calls = [at for at, one in enumerate(slots) if one[0] == 0x85]
    if calls and random.random() < 0.5:
        slots[random.choice(calls)] = NOTHING
    else:
        value = random.randrange(1, HELPERS)
        slots[random.randrange(len(slots))] = b"\x85\0\0\0" + value.to_bytes(4, "little")


KINDS = (register, offset, number, opcode, swap, drop, copy, null_check, call)
WEIGHTS = (5, 4, 4, 3, 2, 3, 2, 1, 2)


def load(one: Mutant):
    """Load a mutant and return the log: None if accepted, "" if rejected before verification."""
    attr = BpfAttrProgLoad.from_buffer_copy(one.base.attr)
    buffers = {**one.base.buffers, "insns": one.insns}
    hold = {
        name: ctypes.create_string_buffer(data, len(data)) for name, data in buffers.items() if data
    }
    for name, buffer in hold.items():
        setattr(attr, name, ctypes.addressof(buffer))
    if one.prog_type is not None:
        attr.prog_type, attr.expected_attach_type, attr.attach_btf_id = one.prog_type, 0, 0
    refused = _enter(attr, one.base.size)
    if not refused:
        return None
    attr.log_level = STATS if refused == errno.E2BIG else LEVEL
    for size in LOG_SIZES:
        log = ctypes.create_string_buffer(size)
        attr.log_buf, attr.log_size = ctypes.addressof(log), size
        if _enter(attr, one.base.size) != errno.ENOSPC:
            break
    return log.value.decode(errors="backslashreplace")


def _enter(attr, size):
    try:
        fd = gate.enter("bpf", bpf_cmd.BPF_PROG_LOAD, ctypes.addressof(attr), size)
    except KernelError as error:
        return error.errno
    gate.enter("close", fd)
    return 0
