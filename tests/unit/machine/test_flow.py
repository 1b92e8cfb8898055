"""Jumps, calls, callbacks, tail calls, and the ways in which programs end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction, Reference
from rawbpf.errors import MachineError
from rawbpf.machine.machine import Machine
from tests.support.assembled import machine_of, run, spec_of

U64 = st.integers(0, (1 << 64) - 1)
EXIT = Instruction(0x95)


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


CONDITIONS = {
    "==": lambda a, b, s: a == b,
    "!=": lambda a, b, s: a != b,
    ">": lambda a, b, s: a > b,
    ">=": lambda a, b, s: a >= b,
    "<": lambda a, b, s: a < b,
    "<=": lambda a, b, s: a <= b,
    "&": lambda a, b, s: a & b,
    "s>": lambda a, b, s: s(a) > s(b),
    "s>=": lambda a, b, s: s(a) >= s(b),
    "s<": lambda a, b, s: s(a) < s(b),
    "s<=": lambda a, b, s: s(a) <= s(b),
}


@given(U64, U64, st.sampled_from(list(CONDITIONS)), st.sampled_from([32, 64]))
def test_condition(a, b, symbol, bits):
    letter, mask = ("w", (1 << 32) - 1) if bits == 32 else ("r", (1 << 64) - 1)
    taken = run(f"""
        r1 = {a} ll
        r2 = {b} ll
        r0 = 1
        if {letter}1 {symbol} {letter}2 goto out
        r0 = 0
    out:""")
    expected = CONDITIONS[symbol](a & mask, b & mask, lambda value: signed(value, bits))
    assert bool(taken) == bool(expected)


@given(U64, st.sampled_from(list(CONDITIONS)))
def test_immediates_are_sign_extended(a, symbol):
    taken = run(f"r1 = {a} ll\n r0 = 1\n if r1 {symbol} -2 goto out\n r0 = 0\n out:")
    minus_2 = (1 << 64) - 2
    assert bool(taken) == bool(CONDITIONS[symbol](a, minus_2, lambda value: signed(value, 64)))


@pytest.mark.parametrize(
    ("distance", "why"),
    [
        (5, "the slot is outside the program"),
        (-9, "the slot is outside the program"),
        (1, "second half of an inst"),
    ],
)
def test_invalid_jump_target(distance, why):
    code = (Instruction(0x05, off=distance), Instruction(0x18, imm=1), EXIT)
    with pytest.raises(MachineError, match=why):
        Machine(Bytecode("bad", code))


def test_running_past_the_end():
    with pytest.raises(MachineError, match=r"test, instruction 1: runs off the end"):
        machine_of("r0 = 0").run()


def test_an_endless_loop_exceeds_the_budget():
    machine = machine_of("again: goto again")
    with pytest.raises(MachineError, match="did not end within 1000 instructions"):
        machine.run(budget=1000)
    assert machine.steps == 1000


def test_malformed_instruction():
    machine = Machine(Bytecode("bad", (Instruction(0xB7), Instruction(0xFF), EXIT)))
    with pytest.raises(MachineError, match="instruction 1: unknown opcode 0xff"):
        machine.run()


def test_a_malformed_instruction_that_is_not_reached():
    assert Machine(Bytecode("bad", (Instruction(0xB7, imm=3), EXIT, Instruction(0xFF)))).run() == 3


def test_may_goto_stops_after_the_kernels_limit(monkeypatch):
    monkeypatch.setattr("rawbpf.machine.frames.BPF_MAX_LOOPS", 10)
    assert run("r0 = 0\n again: r0 += 1\n may_goto out\n goto again\n out:") == 11


def test_functions_preserve_r6_to_r9_and_have_their_own_stacks():
    spec = spec_of("""
        .program test, "kprobe"
            r6 = 5
            *(u64 *)(r10 - 8) = 1
            r1 = 7
            call add_one
            r0 += r6
            r1 = *(u64 *)(r10 - 8)
            r0 += r1
            exit
        .function add_one
            r6 = r1
            *(u64 *)(r10 - 8) = 1000
            r6 += 1
            r0 = r6
            exit
    """)
    assert Machine(spec.programs["test"].code).run() == 7 + 1 + 5 + 1


def test_a_ninth_frame_is_an_error():
    functions = "\n".join(f".function f{n}\n call f{n + 1}\n exit" for n in range(1, 8))
    spec = spec_of(f'.program test, "kprobe"\n call f1\n exit\n{functions}\n.function f8\n exit')
    with pytest.raises(
        MachineError, match=(r"f7, instruction .* calls are nested too deeply \(9 levels\)")
    ):
        Machine(spec.programs["test"].code).run()


def test_the_stack_of_a_returned_function_is_freed():
    spec = spec_of("""
        .program test, "kprobe"
            call leak
            r0 = *(u64 *)(r0 - 8)
            exit
        .function leak
            *(u64 *)(r10 - 8) = 1
            r0 = r10
            exit
    """)
    with pytest.raises(MachineError, match="stack1 has been freed"):
        Machine(spec.programs["test"].code).run()


def test_kernel_functions_and_variables_are_errors_when_reached():
    call = Bytecode(
        "test",
        (Instruction(0x85, src=2, reference=Reference("kfunc", "bpf_task_from_pid")), EXIT),
    )
    with pytest.raises(MachineError, match="calls kernel function 'bpf_task_from_pid'"):
        Machine(call).run()
    assert run("r0 = 3\n goto out\n call kfunc 77\n r1 = var_addr(5) ll\n out:") == 3
    with pytest.raises(MachineError, match="kernel variable with BTF id 5"):
        run("r1 = var_addr(5) ll")


def test_a_function_that_is_not_linked():
    call = Bytecode("test", (Instruction(0x85, src=1, reference=Reference("function", "f")), EXIT))
    with pytest.raises(MachineError, match=r"reference to function 'f' in .*: the function is not"):
        Machine(call)


def test_tail_call():
    spec = spec_of("""
        .map jumps, prog_array, entries=2
        .program first, "kprobe"
            r6 = 1
            r2 = jumps ll
            r3 = 1
            call tail_call
            r0 = 5
            exit
        .program second, "kprobe"
            r0 = *(u8 *)(r1 + 0)
            exit
    """)
    first, second = (spec.programs[name].code for name in ("first", "second"))
    machine = Machine(first, spec.maps.values())
    assert machine.run() == 5  # the slot is empty
    machine.maps["jumps"].put(1, second)
    from rawbpf.machine.inputs import raw

    assert machine.run(raw(b"\x2a")) == 42
    assert machine.tail_calls == 1
    with pytest.raises(MachineError, match="prog_array: the map has 2 slots"):
        machine.maps["jumps"].put(2, second)


def test_a_tail_called_program_starts_with_unset_registers():
    spec = spec_of("""
        .map jumps, prog_array, entries=1
        .program first, "kprobe"
            r6 = 1
            r2 = jumps ll
            r3 = 0
            call tail_call
            exit
        .program second, "kprobe"
            r0 = r6
            exit
    """)
    machine = Machine(spec.programs["first"].code, spec.maps.values())
    machine.maps["jumps"].put(0, spec.programs["second"].code)
    with pytest.raises(MachineError, match=r"second, instruction 0 .* r6 is read before"):
        machine.run()
