"""Mistakes in lesson 00."""

from tests.support.lesson_mutant import Mutant

MUTANTS = [
    Mutant("return int(major), int(minor)", "return major, minor", "test_kernel_version"),
    Mutant(r"(\d+)\.(\d+)", r"(\d)\.(\d)", "test_kernel_version"),
    Mutant("^CapEff:", "^CapPrm:", "test_capabilities"),
    Mutant("MULTILINE)[1], 16)", "MULTILINE)[1], 10)", "test_capabilities"),
    Mutant("mask >> bit & 1", "mask >> bit", "test_capabilities"),
    Mutant(
        "except FileNotFoundError:\n        return None",
        "except FileNotFoundError:\n        return 0",
        "test_kprobe_pmu",
    ),
    Mutant("return int((sys_folder", "return str((sys_folder", "test_kprobe_pmu"),
    Mutant("version < (5, 8)", "version[1] < 8", "test_missing"),
    Mutant("version < (5, 8)", "version > (5, 8)", "test_missing"),
    Mutant('"CAP_SYS_ADMIN" not in held', "True", "test_missing"),
    Mutant("if name not in held", "if name in held", "test_missing"),
    Mutant("if pmu is None", "if pmu", "test_missing"),
]
