"""Reserving registers and stack memory with the builder."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm import Builder, r0, r6, r7, r9, r10
from rawbpf.errors import BytecodeError
from rawbpf.machine.machine import Machine

ALIGNMENTS = st.sampled_from([1, 2, 4, 8])
RESERVATIONS = st.lists(
    st.tuples(st.integers(1, 200), ALIGNMENTS, st.none() | st.integers(0, 20)), max_size=40
)
"""Size, alignment, and which of the live slots to release afterwards."""


def bytes_of(memory, size):
    """Return the offsets from r10 that a slot covers."""
    assert memory.base is r10
    return set(range(memory.offset, memory.offset + size))


@given(RESERVATIONS)
def test_live_slots_never_overlap_and_are_aligned_and_inside_the_frame(reservations):
    b, live = Builder("p"), []
    with ExitStack() as rest:
        for size, align, released in reservations:
            free = set(range(-512, 0)).difference(*(covered for _, covered in live))
            scope = b.stack(size, align)
            if not any(free.issuperset(range(at, at + size)) for at in range(-512, 0, align)):
                with pytest.raises(BytecodeError, match="no room for"):
                    scope.__enter__()
                continue
            memory = scope.__enter__()
            covered = bytes_of(memory, size)
            assert memory.offset % align == 0
            assert covered <= free
            live.append((scope, covered))
            if released is not None and released < len(live):
                live.pop(released)[0].__exit__(None, None, None)
        for scope, _ in live:
            rest.callback(scope.__exit__, None, None, None)


@given(st.integers(1, 512), ALIGNMENTS)
def test_memory_is_reused_after_its_block(size, align):
    b = Builder("p")
    with b.stack(size, align) as first:
        pass
    with b.stack(size, align) as second:
        assert first == second


def test_a_gap_between_two_slots_is_used_if_it_is_large_enough():
    b = Builder("p")
    with ExitStack() as outer, ExitStack() as inner:
        outer.enter_context(b.stack(8))
        inner.enter_context(b.stack(16))
        outer.enter_context(b.stack(8))
        inner.close()
        assert outer.enter_context(b.stack(24)).offset == -56
        assert outer.enter_context(b.stack(4, 4)).offset == -12
        assert outer.enter_context(b.stack(8)).offset == -24


def test_an_error_for_a_full_stack_names_its_slots():
    b = Builder("p")
    with (
        b.stack(504, name="record"),
        pytest.raises(
            BytecodeError,
            match=r"no room for 16 bytes of 'key' on the stack.*504 bytes: record \(.+:",
        ),
        b.stack(16, name="key"),
    ):
        pass


@pytest.mark.parametrize(("size", "align"), [(0, 8), (-1, 8), (8, 16), (8, 3), (8, 0)])
def test_invalid_sizes_and_alignments_are_errors(size, align):
    with pytest.raises(BytecodeError, match="cannot reserve"), Builder("p").stack(size, align):
        pass


def test_registers_are_those_that_calls_preserve_and_are_reused():
    b = Builder("p")
    with b.register() as context:
        with b.register() as key, b.register(), b.register() as last:
            assert (context, key, last) == (r6, r7, r9)
        with b.register() as again:
            assert again is r7


def test_an_error_says_who_holds_the_registers():
    b = Builder("p")
    with ExitStack() as scopes:
        for name in ("context", "key", "value", "index"):
            scopes.enter_context(b.register(name))
        message = r"no register is free for 'sum': in use: r6 context \(.*test_scopes.py:\d+\), r7"
        with pytest.raises(BytecodeError, match=message), b.register("sum"):
            pass


def test_registers_and_memory_are_released_when_the_block_raises():
    b = Builder("p")
    with pytest.raises(ZeroDivisionError), b.register(), b.stack(512):
        raise ZeroDivisionError
    with b.register() as register, b.stack(512) as memory:
        assert (register, memory.offset) == (r6, -512)


def test_a_function_cannot_begin_inside_a_block():
    b = Builder("p")
    with b.register("key"), pytest.raises(BytecodeError, match=r"'f' cannot start here.*key"):
        b.function("f")
    b.function("f")


@given(st.integers(1, 64), st.integers(0, 7))
def test_zero_clears_exactly_the_bytes_of_a_slot(size, shift):
    b = Builder("p")
    with b.stack(80) as memory:
        for at in range(0, 80, 8):
            b.stdw(memory + at, -1)
        b.zero(memory + shift, size)
        b.mov(r0, 0)
        with b.register() as count:
            b.mov(count, 0)
            for at in range(80):
                b.ldxb(r0, memory + at)
                b.jeq(r0, 0 if shift <= at < shift + size else 255, 1)
                b.add(count, 1)
            b.mov(r0, count)
    b.exit()
    assert Machine(b.build(), ()).run() == 0


def test_address_and_members_of_a_slot():
    b = Builder("p")
    with b.stack(16) as record, b.register() as pointer:
        b.address(pointer, record + 8)
        b.address(r0, pointer[0])
    texts = [(one.opcode, one.dst, one.src, one.imm) for one in b.build().instructions]
    assert texts == [(0xBF, 6, 10, 0), (0x07, 6, 0, -8), (0xBF, 0, 6, 0)]
