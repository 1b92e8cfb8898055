"""The builder: each method emits what the parser makes of the same text; errors; labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm import Builder, Memory, r0, r1, r2, r6, r10, w1, w2
from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction, Reference, Source
from rawbpf.asm.parse import parse_instruction
from rawbpf.asm.register import Register
from rawbpf.errors import BytecodeError

EMITTED = [
    (lambda b: b.mov(r1, r2), "r1 = r2"),
    (lambda b: b.mov(r1, -5), "r1 = -5"),
    (lambda b: b.mov(w1, 0xFFFFFFFF), "w1 = -1"),
    (lambda b: b.add(r1, 5), "r1 += 5"),
    (lambda b: b.sub(w1, w2), "w1 -= w2"),
    (lambda b: b.mul(r1, r2), "r1 *= r2"),
    (lambda b: b.div(r1, 3), "r1 /= 3"),
    (lambda b: b.sdiv(r1, 3), "r1 s/= 3"),
    (lambda b: b.mod(w1, 3), "w1 %= 3"),
    (lambda b: b.smod(r1, r2), "r1 s%= r2"),
    (lambda b: b.and_(r1, 7), "r1 &= 7"),
    (lambda b: b.or_(r1, r2), "r1 |= r2"),
    (lambda b: b.xor(w1, w2), "w1 ^= w2"),
    (lambda b: b.lsh(r1, 32), "r1 <<= 32"),
    (lambda b: b.rsh(r1, 32), "r1 >>= 32"),
    (lambda b: b.arsh(w1, 3), "w1 s>>= 3"),
    (lambda b: b.neg(r1), "r1 = -r1"),
    (lambda b: b.neg(w1), "w1 = -w1"),
    (lambda b: b.movsx8(r1, r2), "r1 = (s8)r2"),
    (lambda b: b.movsx16(w1, w2), "w1 = (s16)w2"),
    (lambda b: b.movsx32(r1, r2), "r1 = (s32)r2"),
    (lambda b: b.be(r1, 16), "r1 = be16 r1"),
    (lambda b: b.le(r1, 64), "r1 = le64 r1"),
    (lambda b: b.bswap(r1, 32), "r1 = bswap32 r1"),
    (lambda b: b.ldxb(r1, r2[1]), "r1 = *(u8 *)(r2 + 1)"),
    (lambda b: b.ldxh(r1, r2[-2]), "r1 = *(u16 *)(r2 - 2)"),
    (lambda b: b.ldxw(r1, r2 + 4), "r1 = *(u32 *)(r2 + 4)"),
    (lambda b: b.ldxdw(r1, r2 - 8), "r1 = *(u64 *)(r2 - 8)"),
    (lambda b: b.ldxsb(r1, r2[1]), "r1 = *(s8 *)(r2 + 1)"),
    (lambda b: b.ldxsh(r1, r2[2]), "r1 = *(s16 *)(r2 + 2)"),
    (lambda b: b.ldxsw(r1, r2[4]), "r1 = *(s32 *)(r2 + 4)"),
    (lambda b: b.stxb(r10[-1], r1), "*(u8 *)(r10 - 1) = r1"),
    (lambda b: b.stxh(r10[-2], r1), "*(u16 *)(r10 - 2) = r1"),
    (lambda b: b.stxw(r10[-4], r1), "*(u32 *)(r10 - 4) = r1"),
    (lambda b: b.stxdw(r10[-8], r1), "*(u64 *)(r10 - 8) = r1"),
    (lambda b: b.stb(r10[-1], 255), "*(u8 *)(r10 - 1) = 255"),
    (lambda b: b.sth(r10[-2], 1), "*(u16 *)(r10 - 2) = 1"),
    (lambda b: b.stw(r10[-4], 0xFFFFFFFF), "*(u32 *)(r10 - 4) = -1"),
    (lambda b: b.stdw(r10[-8], -1), "*(u64 *)(r10 - 8) = -1"),
    (lambda b: b.ldabsb(3), "r0 = *(u8 *)skb[3]"),
    (lambda b: b.ldabsh(3), "r0 = *(u16 *)skb[3]"),
    (lambda b: b.ldabsw(3), "r0 = *(u32 *)skb[3]"),
    (lambda b: b.ldindb(r1, 3), "r0 = *(u8 *)skb[r1 + 3]"),
    (lambda b: b.ldindh(r1, 0), "r0 = *(u16 *)skb[r1]"),
    (lambda b: b.ldindw(r1, -3), "r0 = *(u32 *)skb[r1 - 3]"),
    (lambda b: b.lddw(r1, -1), "r1 = 0xffffffffffffffff ll"),
    (lambda b: b.lddw(r1, 1 << 63), "r1 = 0x8000000000000000 ll"),
    (lambda b: b.ld_map_fd(r1, 7), "r1 = map_by_fd(7) ll"),
    (lambda b: b.ld_map_value(r1, 7, 16), "r1 = map_val(map_by_fd(7)) + 16 ll"),
    (lambda b: b.ld_map_idx(r1, 7), "r1 = map_by_idx(7) ll"),
    (lambda b: b.ld_map_idx_value(r1, 7, 16), "r1 = map_val(map_by_idx(7)) + 16 ll"),
    (lambda b: b.ld_btf_id(r1, 7), "r1 = var_addr(7) ll"),
    (lambda b: b.ld_btf_id(r1, 7, 3), "r1 = var_addr(7 in 3) ll"),
    (lambda b: b.ld_func(r1, -3), "r1 = code_addr(-3) ll"),
    (lambda b: b.jeq(r1, 0, 5), "if r1 == 0 goto +5"),
    (lambda b: b.jne(r1, r2, 5), "if r1 != r2 goto +5"),
    (lambda b: b.jgt(w1, w2, 5), "if w1 > w2 goto +5"),
    (lambda b: b.jge(w1, 7, 5), "if w1 >= 7 goto +5"),
    (lambda b: b.jlt(r1, 7, -5), "if r1 < 7 goto -5"),
    (lambda b: b.jle(r1, 7, 5), "if r1 <= 7 goto +5"),
    (lambda b: b.jsgt(r1, -7, 5), "if r1 s> -7 goto +5"),
    (lambda b: b.jsge(r1, 7, 5), "if r1 s>= 7 goto +5"),
    (lambda b: b.jslt(r1, 7, 5), "if r1 s< 7 goto +5"),
    (lambda b: b.jsle(r1, 7, 5), "if r1 s<= 7 goto +5"),
    (lambda b: b.jset(r1, 7, 5), "if r1 & 7 goto +5"),
    (lambda b: b.ja(5), "goto +5"),
    (lambda b: b.gotol(100_000), "gotol +100000"),
    (lambda b: b.may_goto(5), "may_goto +5"),
    (lambda b: b.call("ktime_get_ns"), "call 5"),
    (lambda b: b.call("bpf_ktime_get_ns"), "call 5"),
    (lambda b: b.call(25), "call 25"),
    (lambda b: b.call_local(-3), "call pc-3"),
    (lambda b: b.call_kfunc(77), "call kfunc 77"),
    (lambda b: b.call_kfunc(77, 2), "call kfunc 77 in 2"),
    (lambda b: b.exit(), "exit"),
    (lambda b: b.atomic_add(r1[0], r2), "lock *(u64 *)(r1 + 0) += r2"),
    (lambda b: b.atomic_or(r1[0], w2), "lock *(u32 *)(r1 + 0) |= w2"),
    (lambda b: b.atomic_and(r1[0], r2), "lock *(u64 *)(r1 + 0) &= r2"),
    (lambda b: b.atomic_xor(r1[0], r2), "lock *(u64 *)(r1 + 0) ^= r2"),
    (lambda b: b.atomic_fetch_add(r1[0], r2), "r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)"),
    (lambda b: b.atomic_fetch_or(r1[0], r2), "r2 = atomic_fetch_or((u64 *)(r1 + 0), r2)"),
    (lambda b: b.atomic_fetch_and(r1[0], w2), "w2 = atomic_fetch_and((u32 *)(r1 + 0), w2)"),
    (lambda b: b.atomic_fetch_xor(r1[0], r2), "r2 = atomic_fetch_xor((u64 *)(r1 + 0), r2)"),
    (lambda b: b.xchg(r1[0], r2), "r2 = xchg_64(r1 + 0, r2)"),
    (lambda b: b.cmpxchg(r1[0], w2), "w0 = cmpxchg32_32(r1 + 0, w0, w2)"),
    (lambda b: b.load_acquire(r2, r1[0], 8), "w2 = load_acquire((u8 *)(r1 + 0))"),
    (lambda b: b.store_release(r1[0], r2), "store_release((u64 *)(r1 + 0), r2)"),
]


@pytest.mark.parametrize(("emit", "text"), EMITTED, ids=[text for _, text in EMITTED])
def test_a_method_emits_the_same_as_the_parser(emit, text):
    b = Builder("one")
    emit(b)
    assert b.build().instructions[0].bare() == parse_instruction(text)


def test_every_method_is_tested():
    quiet = {"at", "build", "emit", "emit_jump", "fresh", "function", "label", "slot"}
    scopes = {"address", "register", "stack", "zero"}  # in test_scopes.py
    methods = {name for name in dir(Builder) if not name.startswith("_")} - quiet - scopes
    used = {name for emit, _ in EMITTED for name in emit.__code__.co_names}
    assert methods <= used


@pytest.mark.parametrize(
    ("emit", "message"),
    [
        (lambda b: b.mov(r10, 1), "cannot write to r10"),
        (lambda b: b.mov(1, r1), "1 is not a register"),
        (lambda b: b.mov(r1, w2), "r1 and w2 have different widths"),
        (lambda b: b.mov(r1, "five"), "'five' is neither a register nor a number"),
        (lambda b: b.add(r1, 1 << 31), "0x80000000 does not fit.*lddw"),
        (lambda b: b.add(w1, 1 << 32), "0x100000000 does not fit"),
        (lambda b: b.movsx32(w1, w2), "w1 is a 32-bit register; use r1 here"),
        (lambda b: b.be(r1, 8), "cannot byte-swap 8 bits"),
        (lambda b: b.be(w1, 16), "w1 is a 32-bit register"),
        (lambda b: b.ldxw(w1, r1[0]), "w1 is a 32-bit register"),
        (lambda b: b.ldxw(r1, r2), "r2 is not a memory operand"),
        (lambda b: b.ldxw(r1, Memory(w1, 0)), "w1 is a 32-bit register"),
        (lambda b: b.stxw(r1[1 << 15], r1), "is out of range"),
        (lambda b: b.lddw(r1, 1 << 64), "is not a 64-bit number"),
        (lambda b: b.call("ktime_get_n"), "did you mean ktime_get_ns"),
        (lambda b: b.call("zzz"), "the kernel has no helper 'zzz'$"),
        (lambda b: b.ja(1 << 15), "32768 slots.*16 bits.*gotol"),
        (lambda b: b.gotol(1 << 31), "32 bits"),
        (lambda b: b.load_acquire(r1, r2[0], 7), "cannot access 7 bits"),
        (lambda b: b.atomic_fetch_add(r1[0], r10), "cannot write to r10"),
        (lambda b: [b.label("a"), b.label("a")], "label 'a' is placed twice"),
    ],
)
def test_operands_are_checked_at_once(emit, message):
    with pytest.raises(BytecodeError, match=message):
        emit(Builder("wrong"))


def test_an_error_for_a_missing_label_names_the_line_that_uses_it():
    b = Builder("lost")
    b.ja("away")
    with pytest.raises(BytecodeError, match=r"'away' is not placed.*test_builder\.py:\d+"):
        b.build()


def test_a_label_that_is_too_far_away_is_an_error():
    b = Builder("far")
    b.ja("end")
    for _ in range(1 << 15):
        b.mov(r0, 0)
    b.label("end")
    with pytest.raises(BytecodeError, match="gotol"):
        b.build()


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_a_distance_counts_slots_from_the_next_instruction(wide, data):
    """Find the targets again by walking the bytes; 64-bit loads are two slots."""
    goals = [data.draw(st.integers(0, len(wide))) for _ in range(3)]
    b = Builder("jumps")
    for number, goal in enumerate(goals):
        b.ja(f"at{goal}" if goal < len(wide) else f"end{number % 1}")
    for index, is_wide in enumerate(wide):
        b.label(f"at{index}")
        b.lddw(r0, index) if is_wide else b.mov(r0, index)
    b.label("end0")
    b.exit()
    program = b.build()
    for index, goal in enumerate(goals):
        target = program.instructions[program.index_at(index + 1 + program.instructions[index].off)]
        assert target.imm == goal if goal < len(wide) else target.opcode == 0x95


def emit_two(b):
    b.mov(r0, 0)  # the remembered line
    b.exit()


def test_an_instruction_has_the_python_line_that_emitted_it():
    b = Builder("sources")
    emit_two(b)
    b.at(Source("my.lang", 7, "say hello"))
    b.lddw(r1, 1)
    b.at(None)
    b.exit()
    program = b.build()
    assert program.instructions[0].source.read() == "b.mov(r0, 0)  # the remembered line"
    assert program.source_at(1).line == program.source_at(0).line + 1
    assert program.source_at(2) == program.source_at(3) == Source("my.lang", 7, "say hello")
    assert str(program.source_at(2)) == "my.lang:7"
    assert program.source_at(4).file == __file__


def test_references_are_resolved_by_encode():
    b = Builder("refers")
    b.ld_map_fd(r1, "events")
    b.ld_map_value(r2, "state", 8)
    b.call_kfunc("bpf_kfunc")
    b.ld_btf_id(r6, "bpf_prog_active")
    program = b.build()
    assert program.references == {
        0: Reference("map", "events"),
        1: Reference("map_value", "state", 8),
        2: Reference("kfunc", "bpf_kfunc"),
        3: Reference("ksym", "bpf_prog_active"),
    }
    assert program.map_names == ["events", "state"]
    done = program.encode({"events": 3, "state": 4}, {"bpf_kfunc": 500, "bpf_prog_active": 600})
    assert done.hex(" ", 8).split() == [
        *("1811000003000000", "0000000000000000"),
        *("1822000004000000", "0000000008000000"),
        "85200000f4010000",
        *("1836000058020000", "0000000000000000"),
    ]
    with pytest.raises(
        BytecodeError,
        match="unresolved reference to the value of map 'state': no value was passed for it",
    ):
        program.encode({"events": 3})


def test_fresh_labels_differ_from_all_others():
    b = Builder("twice")
    names = set()
    for _ in range(3):
        name = b.fresh("loop")
        b.label(name)
        b.ja(b.fresh("loop"))
        names.add(name)
    assert len(names) == 3


def test_functions_are_labels_and_are_recorded():
    b = Builder("main")
    b.call_local("f")
    b.exit()
    b.function("f")
    b.mov(r0, 1)
    b.exit()
    program = b.build()
    assert program.functions == (("main", 0, 0), ("f", 2, 0))
    assert program.instructions[0].imm == 1


def test_registers_print_as_in_source_code():
    assert repr([r0, w1, r10[-8], Register(3) + 4]) == "[r0, w1, r10[-8], r3[4]]"


def test_sources_by_slot_are_those_of_each_slot():
    b = Builder("wide")
    b.lddw(r1, 1 << 40)
    b.mov(r0, 0)
    b.exit()
    program = b.build()
    found = program.sources_by_slot()
    assert sorted(found) == [0, 2, 3]
    assert all(program.source_at(slot) == source for slot, source in found.items())
    assert Bytecode("p", (Instruction(0x95),)).sources_by_slot() == {}
