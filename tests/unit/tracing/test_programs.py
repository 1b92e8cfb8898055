"""Programs that send log records: the lesson's program, and the instructions of a record."""

import errno
import struct

import pytest

from rawbpf.asm import Builder, r0, r6, r7
from rawbpf.errors import UsageError
from rawbpf.machine import Machine, World, kprobe
from rawbpf.tracing.log_program import (
    CPU_STATE,
    EVENTS,
    OUTCOMES,
    cpu_state_map,
    emit_log,
    events_map,
    hello_kprobe,
)

MAPS = [events_map([0, 1]), OUTCOMES, cpu_state_map([0, 1])]


def test_the_program_refers_to_its_maps_only():
    assert set(hello_kprobe().code.map_names) == {one.name for one in MAPS}


def test_every_instruction_has_the_source_line_that_emitted_it():
    code = hello_kprobe().code
    files = {code.source_at(slot).file.rpartition("/")[2] for slot in range(0, code.slots, 3)}
    assert files == {"log_program.py"}


def test_the_map_has_an_entry_for_each_possible_cpu_even_with_gaps():
    assert events_map([0, 1, 8]).max_entries == 2 * 9
    assert cpu_state_map([0, 1, 8]).max_entries == 9


def test_a_record_that_does_not_fit_on_the_stack_is_rejected():
    b = Builder("long")
    with pytest.raises(UsageError, match="does not fit"):
        emit_log(b, r6, "info", "x" * 460)


@pytest.mark.parametrize(("tgid", "expected"), [(7, (0, 0, 1)), (8, (0, 1, 0))])
def test_calls_by_the_process_to_skip_are_counted_and_not_sent(tgid, expected):
    code = hello_kprobe(skip=7).code
    machine = Machine(code, MAPS, World(pid=7, tgid=tgid, cpu=1))
    assert machine.run(kprobe()) == 0
    assert state_of(machine, 1) == expected
    assert not any(state_of(machine, 0))
    assert len(machine.maps[EVENTS].records) == expected[1]


def state_of(machine, cpu):
    """Return the flag, the number of records sent and the number of calls skipped."""
    entries = dict(machine.maps[CPU_STATE].entries())
    (line,) = entries.get(cpu.to_bytes(4, "little"), [bytes(64)])
    return struct.unpack_from("=Qqq", line)


def test_the_flag_selects_the_slot_of_one_record():
    machine = Machine(hello_kprobe().code, MAPS, World(cpu=1))
    flag = (1 + 2 + 1).to_bytes(4, "little").ljust(64, b"\0")
    machine.maps[CPU_STATE].update((1).to_bytes(4, "little"), flag)
    machine.run(kprobe())  # to slot 3, which is empty in the interpreter
    assert state_of(machine, 1)[:2] == (0, 0)
    (counts,) = dict(machine.maps[OUTCOMES.name].entries()).items()
    assert counts[0] == errno.ENOENT.to_bytes(4, "little")
    machine.run(kprobe())
    assert state_of(machine, 1)[:2] == (0, 1)


def test_an_unknown_level_is_rejected():
    b = Builder("level")
    with pytest.raises(UsageError, match="loud"):
        emit_log(b, r6, "loud", "x", [r7, r0])
