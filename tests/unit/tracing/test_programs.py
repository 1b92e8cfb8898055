"""Programs that send log records: the lesson's program, and the instructions of a record."""

import pytest

from rawbpf.asm import Builder, r0, r6, r7
from rawbpf.errors import UsageError
from rawbpf.machine import Machine, World, kprobe
from rawbpf.tracing.log_program import (
    EVENTS,
    OUTCOMES,
    SKIPPED,
    emit_log,
    events_map,
    hello_kprobe,
)


def test_the_program_refers_to_its_two_maps_only():
    assert set(hello_kprobe().code.map_names) == {EVENTS, OUTCOMES.name}


def test_every_instruction_has_the_source_line_that_emitted_it():
    code = hello_kprobe().code
    files = {code.source_at(slot).file.rpartition("/")[2] for slot in range(0, code.slots, 3)}
    assert files == {"log_program.py"}


def test_the_map_has_an_entry_for_each_possible_cpu_even_with_gaps():
    assert events_map([0, 1, 8]).max_entries == 9


def test_a_record_that_does_not_fit_on_the_stack_is_rejected():
    b = Builder("long")
    with pytest.raises(UsageError, match="does not fit"):
        emit_log(b, r6, "info", "x" * 460)


@pytest.mark.parametrize(("tgid", "index"), [(7, SKIPPED), (8, 0)])
def test_calls_by_the_process_to_skip_are_counted_and_not_sent(tgid, index):
    code = hello_kprobe(skip=7).code
    machine = Machine(code, [events_map([0, 1]), OUTCOMES], World(pid=7, tgid=tgid))
    assert machine.run(kprobe()) == 0
    entries = machine.maps[OUTCOMES.name].entries()
    counts = {int.from_bytes(key, "little"): sum(b"".join(values)) for key, values in entries}
    assert counts == {index: 1}


def test_an_unknown_level_is_rejected():
    b = Builder("level")
    with pytest.raises(UsageError, match="loud"):
        emit_log(b, r6, "loud", "x", [r7, r0])
