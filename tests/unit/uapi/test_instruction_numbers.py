"""Instruction constants and helper numbers against the C header."""

import subprocess

import pytest

from rawbpf.uapi import bpf_insn
from rawbpf.uapi.bpf_insn import HELPER_NAMES, HELPERS
from tests.support.peers import peer

NUMBERS = {name: value for name, value in vars(bpf_insn).items() if name.startswith("BPF_")}
OURS = {"BPF_REG_FP", "BPF_COMPLEXITY_LIMIT_INSNS"}
"""Internal constants of the kernel, which are not in its headers."""


@pytest.fixture(scope="module")
def header():
    """Return all numbers that the header defines: macros, and the enum of helpers."""
    names = [*(NUMBERS.keys() - OURS), "MAX_BPF_REG"]
    lines = ["#include <linux/bpf.h>", "#include <linux/bpf_common.h>"]
    for name in names:
        lines += [f"#if defined({name})", f'"{name}" = {name}', "#endif"]
    lines.append('"helpers" = __BPF_FUNC_MAX_ID')
    if_new = ("#ifdef ___BPF_FUNC_MAPPER", "#define SHOW(name, ...) #name |")
    lines += [*if_new, "___BPF_FUNC_MAPPER(SHOW)", "#else"]
    lines += ["#define SHOW(name) #name |", "__BPF_FUNC_MAPPER(SHOW)", "#endif"]
    words = [peer("gcc", "clang"), "-E", "-P", "-x", "c", "-"]
    return subprocess.run(words, input="\n".join(lines), capture_output=True, text=True).stdout


def test_constants_match_the_header(header):
    found = 0
    for line in header.splitlines():
        name, _, value = line.strip().partition(" = ")
        if name.strip('"') in NUMBERS:
            assert NUMBERS[name.strip('"')] == eval(value), name
            found += 1
    assert found > 55


def test_helper_numbers_match_the_header(header):
    text = " ".join(header.splitlines()).split('"helpers"')[1]
    names = [word.split("=")[0].strip(' "') for word in text.split("|")]
    names = [name.split('"')[-1] for name in names if name.isidentifier() or '"' in name]
    known = [name for name in names if name in HELPERS]
    assert known == [HELPER_NAMES[number] for number in range(1, len(known) + 1)]
    assert len(known) > 160


def test_helper_numbers_and_names_are_unique():
    assert list(HELPER_NAMES) == list(range(1, 212))
    assert {HELPER_NAMES[helper.number] for helper in HELPERS.values()} == HELPERS.keys()
