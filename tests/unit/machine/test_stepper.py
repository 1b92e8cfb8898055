"""Stepping has the same effects as running, and can go back."""

from itertools import islice

import pytest

from rawbpf.errors import MachineError
from rawbpf.machine.machine import Machine
from rawbpf.machine.settings import Settings
from rawbpf.machine.snapshot import Change, changes, snapshot
from rawbpf.machine.stepper import Stepper
from tests.support.assembled import machine_of, spec_of
from tests.support.random_cases import ONLY_KEY, new_cases, recipe
from tests.support.random_program import TABLE, VALUE, build

CALLS = """
    r6 = 0
    r1 = 5
    call twice
    r6 += r0
    r1 = 3
    r2 = each ll
    r3 = r10
    r4 = 0
    call loop
    r0 = r6
    exit
.function twice
    r0 = r1
    r0 *= 2
    exit
.function each
    r0 = 0
    exit
"""


def stepper_of(text, **options):
    return Stepper(lambda: machine_of(text, **options))


def state(machine):
    """Return the comparable state; unset registers cannot be compared."""
    return machine.index, machine.steps, repr(machine.registers), snapshot(machine)[1:]


@pytest.mark.parametrize("number", range(25))
def test_steps_are_equivalent_to_a_run_and_can_be_undone(number):
    program, value = build(recipe(f"step/{number}", 3)), recipe(f"step/{number}", 3).value

    def make():
        machine = Machine(program, [VALUE, TABLE])
        machine.maps["value"].update(ONLY_KEY, value)
        return machine

    whole = make()
    whole.run()
    stepper, states = Stepper(make), []
    while not stepper.over:
        states.append(state(stepper.machine))
        stepper.step()
    assert state(stepper.machine) == state(whole)
    for expected in reversed(states[-10:]):
        stepper.back()
        assert state(stepper.machine) == expected


def test_next_steps_over_functions_and_callbacks():
    stepper, slots = stepper_of(CALLS), []
    while not stepper.over:
        slots.append(stepper.machine.where.slot)
        stepper.next()
    assert slots == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert stepper.machine.registers[0] == 10


def test_step_goes_into_functions_and_callbacks():
    stepper, functions = stepper_of(CALLS), []
    while not stepper.over:
        functions.append(stepper.machine.where.function)
        stepper.step()
    assert functions == [
        *["test"] * 3, *["twice"] * 3, *["test"] * 6, *["each"] * 6, *["test"] * 2
    ]  # fmt: skip


def test_finish():
    stepper = stepper_of(CALLS)
    stepper.step(4)
    assert stepper.machine.where.function == "twice"
    stepper.finish()
    assert str(stepper.machine.where).startswith("test, instruction 3")
    stepper.step(7)
    assert stepper.machine.where.function == "each"
    stepper.finish()  # ends this callback; the next one starts at once
    assert stepper.machine.where.function == "each"
    stepper.finish()
    stepper.finish()
    assert stepper.machine.where.function == "test"
    stepper.finish()
    assert stepper.over
    stepper.finish()
    assert stepper.over


def test_breakpoints():
    stepper = stepper_of(CALLS)
    stepper.breakpoints.add(stepper.machine.code.find("each"))
    for number in (0, 1, 2):
        stepper.go()
        assert stepper.machine.registers[1] == number
    stepper.go()
    assert stepper.machine.finished
    stepper.restart()
    stepper.next()
    assert stepper.machine.where.slot == 1


def test_next_stops_at_a_breakpoint_inside_a_call():
    stepper = stepper_of(CALLS)
    stepper.breakpoints.add(stepper.machine.code.find("twice"))
    stepper.step(2)
    stepper.next()
    assert stepper.machine.where.function == "twice"


def test_after_an_error_the_program_is_before_the_failed_instruction():
    stepper = stepper_of("r0 = 1\n *(u64 *)(r10 - 8) = 2\n r0 = *(u64 *)(r1 + 0)\n exit")
    stepper.go()
    assert isinstance(stepper.error, MachineError)
    assert stepper.over
    assert stepper.machine.where.slot == 2
    assert stepper.machine.steps == 2
    stepper.step()
    assert stepper.machine.steps == 2
    stepper.back()
    assert stepper.error is None
    assert stepper.machine.where.slot == 1
    stepper.back(100)
    assert stepper.machine.steps == 0


def test_an_endless_loop_stops_at_the_budget():
    stepper = Stepper(lambda: machine_of("call f\n exit\n.function f\n again: goto again"), 100)
    stepper.go()
    assert stepper.machine.steps == 100
    stepper.restart()
    stepper.next()
    assert stepper.machine.steps == 101
    stepper.step(1 << 31)
    assert stepper.machine.steps == 201


def test_ctrl_c_does_not_leave_half_an_instruction():
    text = "again: r0 = 1\n r0 += 1\n goto again"
    made = []

    def make():
        machine = machine_of(text)
        if not made:  # only the first machine is interrupted, not those made to step back
            step, count = machine.code.steps[1], iter(range(1000))

            def interrupt(registers):
                if next(count) == 500:
                    registers[0] = 12345
                    raise KeyboardInterrupt
                return step(registers)

            machine.code.steps[1] = interrupt
        made.append(machine)
        return machine

    stepper = Stepper(make)
    with pytest.raises(KeyboardInterrupt):
        stepper.go()
    assert stepper.machine.steps == 3 * 500 + 1
    assert stepper.machine.registers[0] == 1


def test_changes():
    maps = """
        .map hits, hash, key=u32, value=u64, entries=4
        .map line, queue, value=u8, entries=4
        .map events, ringbuf, entries=4096
        .rodata
        text: .asciz "hi"
    """
    machine = machine_of(
        """
        *(u32 *)(r10 - 4) = 7
        *(u64 *)(r10 - 16) = 8
        r6 = 1
        r1 = hits ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = 0
        call map_update_elem
        r1 = line ll
        r2 = r10
        r2 += -4
        r3 = 0
        call map_push_elem
        r1 = events ll
        r2 = r10
        r2 += -4
        r3 = 4
        r4 = 0
        call ringbuf_output
        r1 = text ll
        r2 = 3
        call trace_printk
        exit""",
        maps=maps,
    )
    before = snapshot(machine)
    assert list(changes(before, machine)) == []
    machine.advance(24)
    assert machine.where.instruction.opcode == 0x95
    found = {(change.what, change.place): change for change in changes(before, machine)}
    eight = (8).to_bytes(8, "little")
    assert found["map", "hits"][2:] == (None, (eight,), (7).to_bytes(4, "little"))
    assert found["map", "line"][2:] == (None, (b"\7",), b"")
    assert found["record", "events"].new.data == (7).to_bytes(4, "little")
    assert found["printed", ""].new == "hi"
    assert found["memory", "stack-16"][2:4] == (b"\xa5" * 8, eight)
    assert found["memory", "stack-4"].new == (7).to_bytes(4, "little")
    assert found["register", "r6"].new == 1
    assert repr(found["register", "r6"].old) == "unset"
    assert ("register", "r5") not in found


def test_a_changed_map_value_is_reported_once():
    machine = machine_of(
        "r1 = count ll\n *(u64 *)(r1 + 0) = 5\n exit", maps=".data\n count: .quad 3"
    )
    machine.advance(1)
    before = snapshot(machine)
    machine.advance(1)
    three, five = ((n).to_bytes(8, "little") for n in (3, 5))
    assert list(changes(before, machine)) == [Change("map", ".data", (three,), (five,), bytes(4))]


@pytest.mark.parametrize(
    ("place", "slot"),
    [("5", 5), ("6", 5), ("each", 15), (":5", 1), ("test.s:6", 2)],
)
def test_places(place, slot):
    code = machine_of(CALLS).code
    assert code.where(code.find(place)).slot == slot


@pytest.mark.parametrize("place", ["99", "nobody", ":99", "other.s:4", "", ":"])
def test_unknown_places(place):
    with pytest.raises(MachineError, match="unknown place"):
        machine_of(CALLS).code.find(place)


def test_settings_always_make_the_same_machine():
    spec = spec_of(
        '.data\n n: .quad 1\n.program p, "xdp"\n r1 = n ll\n r0 = *(u64 *)(r1 + 0)\n exit'
    )
    settings = Settings(spec, "p")
    assert [settings.start().run() for _ in range(2)] == [1, 1]


def test_random_cases_have_distinct_names_and_all_levels():
    names = [(case.name, case.level) for case in islice(new_cases(1, 3), 8)]
    assert len(set(names)) == 8
    assert {level for _, level in names} == {0, 1, 2, 3}


def test_an_invalid_exit_stops_the_program_before_it():
    kept = "r1 = ring ll\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n r0 = 0\n exit"
    stepper = stepper_of(kept, maps=".map ring, ringbuf, entries=4096")
    stepper.go()
    assert "neither submitted nor discarded" in str(stepper.error)
    assert stepper.over
    assert not stepper.machine.finished
    assert stepper.machine.where.instruction.opcode == 0x95
    stepper.back()
    assert stepper.error is None
    assert stepper.machine.where.slot == 5
