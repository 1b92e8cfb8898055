"""Memory accesses, and the errors of invalid ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import MachineError
from rawbpf.machine.inputs import raw
from rawbpf.machine.memory import Memory
from rawbpf.machine.region import CONTEXT, ELEMENTS, GAP, STACK
from tests.support.assembled import machine_of, run


@pytest.mark.parametrize(
    ("access", "why"),
    [
        ("r0 = *(u64 *)(r10 + 0)", "reads 8 bytes at 0x500000000200: 8 bytes beyond the end of st"),
        ("r0 = *(u32 *)(r10 - 2)", "reads 4 bytes at 0x5000000001fe: 2 bytes beyond the end of st"),
        ("*(u64 *)(r10 - 520) = 1", "writes 8 bytes at 0x4ffffffffff8: 8 bytes before stack"),
        ("r0 = *(u16 *)(r1 + 7)", "reads 2 bytes at 0xc00000000007: 1 byte beyond the end of con"),
        (
            "r2 = 0\n r0 = *(u8 *)(r2 + 4)",
            "at 0x4: the pointer is NULL or close to NULL; compare the pointer",
        ),
        (
            "r2 = 1 ll\n r2 <<= 40\n r0 = *(u8 *)(r2 + 0)",
            "at 0x10000000000: this address does not refer to any memory",
        ),
        (
            "r2 = -1\n r0 = *(u8 *)(r2 + 0)",
            "at 0xffffffffffffffff: this address does not refer to any memory",
        ),
        ("r2 = -1\n r0 = *(u8 *)(r2 + 1)", "at 0x0: the pointer is NULL"),
        (
            "r1 = hits ll\n r0 = *(u64 *)(r1 + 0)",
            "at 0xa00000000000: this address does not refer to any memory",
        ),
    ],
)
def test_invalid_access(access, why):
    machine = machine_of(access + "\n exit", maps=".map hits, hash, key=4, value=4, entries=1")
    with pytest.raises(MachineError) as caught:
        machine.run(raw(bytes(8)))
    assert why in str(caught.value)
    assert str(caught.value).startswith("test, instruction ")
    assert "(test.s:" in caught.value.where
    assert "context, 8 bytes" in caught.value.details
    assert "stack, 512 bytes" in caught.value.details


def test_read_only():
    text = '.rodata\n text: .asciz "hi"'
    assert run("r1 = text ll\n r0 = *(u8 *)(r1 + 1)", maps=text) == ord("i")
    with pytest.raises(MachineError, match=r"writes 1 byte at .*: .rodata\[0\] is read-only"):
        run("r1 = text ll\n *(u8 *)(r1 + 0) = 1", maps=text)


@given(st.sampled_from([1, 2, 4, 8]), st.integers(0, 15), st.integers())
def test_reads_return_what_was_written(size, offset, value):
    memory = Memory()
    region = memory.add(CONTEXT, bytearray(16), "context")
    read, write = memory.reader(size), memory.writer(size)
    if offset + size > 16:
        with pytest.raises(MachineError):
            write(region.base + offset, value)
        return
    write(region.base + offset, value)
    assert read(region.base + offset) == value % (1 << 8 * size)
    assert region.data[offset : offset + size] == (value % (1 << 8 * size)).to_bytes(size, "little")


def test_a_reader_caches_its_region_but_checks_it():
    memory = Memory()
    one, other = (memory.add(ELEMENTS, bytearray([n] * 8), f"e{n}") for n in (1, 2))
    read = memory.reader(1)
    assert [read(one.base), read(other.base), read(one.base + 7)] == [1, 2, 1]
    memory.remove([one])
    with pytest.raises(MachineError, match="this address does not refer to any memory"):
        read(one.base)
    assert read(other.base) == 2
    other.close()
    with pytest.raises(MachineError, match="e2 has been freed"):
        read(other.base)


@given(st.lists(st.integers(0, 3 * GAP), min_size=1, max_size=20))
def test_regions_have_gaps_between_them(sizes):
    memory = Memory()
    regions = [memory.add(STACK, bytearray(size), str(size)) for size in sizes]
    ends = [region.base + len(region.data) for region in regions]
    assert all(b.base - end >= GAP for b, end in zip(regions[1:], ends, strict=False))
    for region in regions:
        for address in range(region.base, region.end, 512):
            assert memory.region_at(address) is region


def test_given_memory_must_not_overlap():
    memory = Memory()
    memory.add_at(0xFFFF_8880_0000_0000, bytearray(16), "task")
    with pytest.raises(MachineError, match="overlap"):
        memory.add_at(0xFFFF_8880_0000_000F, bytearray(1), "other")
    assert memory.name(0xFFFF_8880_0000_0004) == "task+4"
    assert memory.name(5) is None


ATOMICS = [
    # memory before, r1, r0, instruction, memory after, r1 after, r0 after
    (5, 3, 0, "lock *(u64 *)(r10 - 8) += r1", 8, 3, 0),
    (5, 3, 0, "lock *(u64 *)(r10 - 8) |= r1", 7, 3, 0),
    (5, 3, 0, "lock *(u64 *)(r10 - 8) &= r1", 1, 3, 0),
    (5, 3, 0, "lock *(u64 *)(r10 - 8) ^= r1", 6, 3, 0),
    (5, 3, 0, "r1 = atomic_fetch_add((u64 *)(r10 - 8), r1)", 8, 5, 0),
    (5, 3, 0, "r1 = xchg_64(r10 - 8, r1)", 3, 5, 0),
    (5, 3, 5, "r0 = cmpxchg_64(r10 - 8, r0, r1)", 3, 3, 5),
    (5, 3, 4, "r0 = cmpxchg_64(r10 - 8, r0, r1)", 5, 3, 5),
    (0xFFFFFFFF_FFFFFFFF, 1, 0, "lock *(u32 *)(r10 - 8) += w1", 0xFFFFFFFF_00000000, 1, 0),
    (0xFFFFFFFF_FFFFFFFF, 1 << 40, 0, "w1 = xchg32_32(r10 - 8, w1)", 0xFFFFFFFF_00000000,
     0xFFFFFFFF, 0),
    (0xAAAAAAAA_00000005, 3, 0x7_00000005, "w0 = cmpxchg32_32(r10 - 8, w0, w1)",
     0xAAAAAAAA_00000003, 3, 5),
    (0xAAAAAAAA_00000005, 3, 0x7_00000006, "w0 = cmpxchg32_32(r10 - 8, w0, w1)",
     0xAAAAAAAA_00000005, 3, 5),
    (0x80, 0, 0, "w1 = load_acquire((u8 *)(r10 - 8))", 0x80, 0x80, 0),
    (0, 0x1234, 0, "store_release((u8 *)(r10 - 8), w1)", 0x34, 0x1234, 0),
]  # fmt: skip


@pytest.mark.parametrize("row", ATOMICS, ids=lambda row: row[3])
def test_atomic(row):
    before, r1, r0, text, after, r1_after, r0_after = row
    machine = machine_of(f"""
        r3 = {before} ll
        *(u64 *)(r10 - 8) = r3
        r1 = {r1} ll
        r0 = {r0} ll
        {text}
        r3 = *(u64 *)(r10 - 8)
        exit""")
    machine.run()
    assert machine.registers[3] == after
    assert machine.registers[1] == r1_after
    assert machine.registers[0] == r0_after


@pytest.mark.parametrize(("size", "bits"), [("s8", 8), ("s16", 16), ("s32", 32)])
def test_signed_load(size, bits):
    text = f"r1 = {1 << bits - 1} ll\n *(u64 *)(r10 - 8) = r1\n r0 = *({size} *)(r10 - 8)"
    assert run(text) == (1 << 64) - (1 << bits - 1)
