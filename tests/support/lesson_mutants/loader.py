"""Mistakes in lesson 11."""

from tests.support.lesson_mutant import Mutant

RESULT = "test_a_call_returns_its_result"
FAILED = "test_a_failed_call_raises_oserror"
ATTR = "test_a_structure_is_bytes_at_offsets"
SAMPLES = "test_samples_are_read_and_their_space_is_freed"
RELOCATION = "test_relocation_puts_in_the_descriptor"

MUTANTS = [
    Mutant("    return result\n", "", RESULT, "return the result"),
    Mutant("(6 - len(words))", "(5 - len(words))", RESULT, "six arguments"),
    Mutant("result == -1", "result < -1", FAILED, "raise an OSError"),
    Mutant("raise OSError(ctypes.get_errno(),", "raise OSError(-result,", FAILED, "error number"),
    Mutant("sys.byteorder)\n    return bytes(raw)", "'big')\n    return bytes(raw)", ATTR),
    Mutant("raw[offset : offset + width]", "raw[offset:width]", ATTR),
    Mutant("bytearray(size)", "bytearray()", ATTR),
    Mutant("(0, 4, 4), (4, 4, 4)", "(0, 4, 2), (4, 4, 4)", "test_the_map"),
    Mutant("(8, 4, 4), (12, 4, slots)", "(8, 4, slots), (12, 4, 4)", "test_the_map"),
    Mutant("(12, 4, slots)", "(12, 4, slots - 1)", "test_the_map"),
    Mutant("code[at + 1] >> 4 == 1", "code[at + 1] & 0x0F == 1", RELOCATION),
    Mutant(" and code[at + 1] >> 4 == 1", "", RELOCATION),
    Mutant("done[at + 4 : at + 8]", "done[at + 2 : at + 6]", RELOCATION),
    Mutant("descriptor.to_bytes(4, sys.byteorder)", "descriptor.to_bytes(4, 'big')", RELOCATION),
    Mutant("(0, 4, 2), (4, 4, slots)", "(0, 4, 1), (4, 4, slots)", "test_the_load"),
    Mutant("(4, 4, slots), (8, 8, code)", "(4, 4, slots // 8), (8, 8, code)", "test_the_load"),
    Mutant("(8, 8, code), (16, 8, licence)", "(8, 8, licence), (16, 8, code)", "test_the_load"),
    Mutant("(24, 4, 1), ", "", "test_the_load"),
    Mutant("(28, 4, room)", "(28, 4, log)", "test_the_load"),
    Mutant("(0, 4, 1), (4, 4, 64), (8, 8, 10)", "(0, 4, 1), (8, 8, 10)", "test_the_ring"),
    Mutant("(8, 8, 10)", "(8, 8, 1)", "test_the_ring"),
    Mutant("(24, 8, 1 << 10)", "(24, 8, 10)", "test_the_ring"),
    Mutant(", (48, 4, 1))", ")", "test_the_ring"),
    Mutant("(0, 4, pmu)", "(0, 4, 1)", "test_the_probe"),
    Mutant("(56, 8, name)", "(48, 8, name)", "test_the_probe"),
    Mutant("    control[129] = head\n", "", SAMPLES, "store the head"),
    Mutant("    control[129] = head\n", "    control[128] = tail\n", SAMPLES),
    Mutant("    records += bytes(data[: head - tail - len(records)])\n", "", SAMPLES),
    Mutant("if kind == 9:", "if kind:", SAMPLES),
    Mutant("records[12:size]", "records[8:size]", SAMPLES),
]
