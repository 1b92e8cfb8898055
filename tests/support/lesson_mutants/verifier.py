"""Mistakes in lesson 09."""

from tests.support.lesson_mutant import Mutant

MUTANTS = [
    Mutant('{1: Known("context"), 10', "{10", "test_start"),
    Mutant(', 10: Known("stack")', "", "test_start"),
    Mutant(
        "if register not in state.registers:",
        "if register > 10:",
        "test_reads_rejects_a_register_never_written",
    ),
    Mutant(
        'raise RejectedError(slot, f"r{register} was',
        'raise RejectedError(0, f"r{register} was',
        "test_reads_rejects_a_register_never_written",
    ),
    Mutant("first < low or first", "first", "test_check_tests_both_ends_of_an_access"),
    Mutant("first + size > high", "first > high", "test_check_tests_both_ends_of_an_access"),
    Mutant(
        "first + size > high", "first + size >= high", "test_check_tests_both_ends_of_an_access"
    ),
    Mutant(
        "first = known.off + off\n    if",
        "first = off\n    if",
        "test_check_tests_both_ends_of_an_access",
    ),
    Mutant(
        '"value": (0, value_size), ',
        '"value": (0, value_size), "value or NULL": (0, 8), ',
        "test_rejected[a value without a NULL check]",
    ),
    Mutant(
        "(0, value_size)", "(-STACK, value_size)", "test_rejected[before the start of the value]"
    ),
    Mutant('if reads(state, 1, slot).kind != "map"', "if False", "test_rejected[not a map]"),
    Mutant("if number > 5}", "if number}", "test_rejected[a register overwritten by a call]"),
    Mutant("if number > 5}", "if number > 6}", "test_accepted[a register preserved across a call]"),
    Mutant(
        'Known("value or NULL")}', 'Known("value")}', "test_rejected[a value without a NULL check]"
    ),
    Mutant('if key.kind == "stack" and', "if False and", "test_the_key_must_be_written"),
    Mutant(
        "state.put(one.dst, null), state.put(one.dst, value)",
        "state.put(one.dst, value), state.put(one.dst, null)",
        "test_accepted[a value after a NULL check]",
    ),
    Mutant(
        "(state, None) if known.off == one.imm else (None, state)",
        "(state, state)",
        "test_accepted[a branch never taken]",
    ),
    Mutant("            continue  #", "            pass  #", "test_a_state_is_processed_only_once"),
    Mutant(
        "len(seen) > LIMIT",
        "len(seen) > 5",
        "test_a_bounded_loop_is_accepted_and_an_endless_one_rejected",
    ),
    Mutant("[(0, start())]", "[(1, start())]", "test_rejected[no return value]"),
]
