"""The lesson's program, and log records in general: what their instructions would send."""

import pytest

from rawbpf.asm import Builder, r0, r6, r7
from rawbpf.errors import UsageError
from rawbpf.tracing.hello_kprobe import hello_kprobe
from rawbpf.tracing.log_program import EVENTS, OUTCOMES, emit_log, events_map


def test_the_program_names_its_maps_and_nothing_else():
    assert set(hello_kprobe().code.map_names) == {EVENTS, OUTCOMES.name}


def test_every_instruction_knows_the_line_that_emitted_it():
    code = hello_kprobe().code
    files = {code.source_at(slot).file.rpartition("/")[2] for slot in range(0, code.slots, 3)}
    assert files <= {"hello_kprobe.py", "log_program.py"}


def test_a_slot_for_each_possible_id_holes_included():
    assert events_map([0, 1, 8]).max_entries == 9


def test_a_record_that_does_not_fit_the_stack_is_refused():
    b = Builder("long")
    with pytest.raises(UsageError, match="does not fit"):
        emit_log(b, r6, "info", "x" * 460)


def test_levels_have_names():
    b = Builder("level")
    with pytest.raises(UsageError, match="loud"):
        emit_log(b, r6, "loud", "x", [r7, r0])
