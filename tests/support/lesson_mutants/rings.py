"""Mistakes in lesson 10."""

from tests.support.lesson_mutant import Mutant

ORDER = "test_take_accesses_the_memory_in_the_right_order"
DAMAGE = "test_damage_ends_parsing_and_keeps_what_came_before"
LOSSES = "test_losses_are_counted_and_other_records_are_skipped"

MUTANTS = [
    Mutant("return tail % size, length", "return head % size, length", "test_positions_only_grow"),
    Mutant("return tail % size, length", "return tail, length", "test_positions_only_grow"),
    Mutant("length <= size", "length < size", "test_positions_only_grow"),
    Mutant("0 <= length", "-size <= length", "test_impossible_positions_are_damage"),
    Mutant(
        "return first + bytes(data[: length - len(first)])",
        "return first",
        "test_copy_wraps_around_the_end",
    ),
    Mutant(
        "bytes(data[: length - len(first)])",
        "bytes(data[:length])",
        "test_copy_wraps_around_the_end",
    ),
    Mutant("ring.control[TAIL] = head", "pass", "test_take_releases_the_space"),
    Mutant(
        "ring.control[TAIL] = head",
        "ring.control[TAIL] = ring.control[HEAD]",
        ORDER,
        "the head is loaded once",
    ),
    Mutant("[HEAD]\n    barrier()", "[HEAD]", ORDER, "then a fence"),
    Mutant("        barrier()\n        ring", "        ring", ORDER, "after a fence"),
    Mutant("body[RAW_SIZE.size :][:length]", "body[:length]", "test_samples_keep_their_padding"),
    Mutant("LOST_BODY.unpack_from(body)[1]", "LOST_BODY.unpack_from(body)[0]", LOSSES),
    Mutant("            lost += LOST_BODY", "            lost = LOST_BODY", LOSSES),
    Mutant("if kind == SAMPLE:", "if kind != LOST:", LOSSES),
    Mutant(" or size % 8 or", " or", DAMAGE),
    Mutant(" or size > left", "", DAMAGE),
    Mutant(
        "step = (8 + length + 7) // 8 * 8",
        "step = 8 + length",
        "test_finished_records_are_read_in_order",
    ),
    Mutant("offset = at % size", "offset = at", "test_a_record_may_lie_across_the_end"),
    Mutant(
        "            break\n        length",
        "            pass\n        length",
        "test_a_busy_record_stops_the_reader",
    ),
    Mutant("if not word & DISCARD:", "if word:", "test_discarded_records_are_skipped"),
    Mutant("if step > producer - at:", "if False:", "test_a_damaged_length_ends_the_pass"),
    Mutant("[fields[1:] for", "[fields for", "test_a_batch_of_equal_samples_is_decoded"),
    Mutant("if len(data) >= EVENT.size]", "if data]", "test_other_batches_are_decoded_too"),
    Mutant(
        "found = sorted(", "found = list(", "test_all_rings_are_read_with_one_write_for_each_pass"
    ),
    Mutant(
        "lost += sum(batch.lost for batch in batches)",
        "lost = 0",
        "test_all_rings_are_read_with_one_write_for_each_pass",
    ),
    Mutant(
        "events += len(found)",
        "events = len(found)",
        "test_all_rings_are_read_with_one_write_for_each_pass",
    ),
]
