"""Random programs give the same results in the kernel and in the interpreter.

The kernel verifies each program, and runs it with BPF_PROG_TEST_RUN through its JIT or its own
interpreter. The test compares the return value, the registers, the stack and the memory that the
program wrote.
"""

import os
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from rawbpf.asm.disassembler import disassemble
from tests.kernel.conftest import IN_GUEST
from tests.support.random_cases import make_case, new_cases, recipe, written_cases
from tests.support.random_program import Recipe, build
from tests.support.random_runs import Kernel, level_of_kernel
from tests.support.shrink import shrink

pytestmark = [pytest.mark.no_probe, pytest.mark.timeout(900)]

PROGRAMS = 5000 if IN_GUEST else 1000
MOST_REFUSED = PROGRAMS // 50
JIT = Path("/proc/sys/net/core/bpf_jit_enable")


def cases_to_run(level):
    """Return where the cases come from, and the cases themselves.

    They are read from a file or generated. RAWBPF_SEED repeats generated ones.
    """
    written = written_cases(level) if IN_GUEST else None
    if written:
        seed, cases = written
        return f"written from seed {seed}", cases
    seed = int(os.environ.get("RAWBPF_SEED") or int.from_bytes(os.urandom(4), "little"))
    return f"made from seed {seed}", new_cases(seed, level)


def test_random_programs_do_the_same(capsys):
    level = level_of_kernel()
    whence, cases = cases_to_run(level)
    with Kernel() as kernel:
        compiled, refused = run_all(kernel, islice(cases, PROGRAMS // 2), whence)
        with interpreter() as switched:
            others, more = run_all(kernel, cases, whence, PROGRAMS - compiled)
    assert compiled + others >= PROGRAMS
    with capsys.disabled():
        how = f"{others} of them interpreted" if switched else "all compiled"
        print(f"{compiled + others} programs, {whence}, level {level}, agree, {how}")
        print(f"{refused + more} were refused")


def run_all(kernel, cases, whence, count=PROGRAMS):
    """Run cases until ``count`` were accepted. Return how many were accepted and rejected."""
    accepted = refused = 0
    for case in cases:
        outcome = kernel.run(case)
        if outcome is None:
            refused += 1
            assert refused <= MOST_REFUSED, f"{whence}: too many programs were rejected"
            continue
        assert outcome == case.expected, report(kernel, case)
        accepted += 1
        if accepted == count:
            break
    return accepted, refused


@contextmanager
def interpreter():
    """Use the kernel's interpreter instead of the JIT, in a guest whose kernel has one."""
    before = JIT.read_text()
    try:
        if IN_GUEST:
            JIT.write_text("0")
    except OSError:  # CONFIG_BPF_JIT_ALWAYS_ON
        pass
    try:
        yield JIT.read_text().strip() == "0"
    finally:
        if IN_GUEST:
            JIT.write_text(before)


def report(kernel, case):
    """Describe the smallest program that still differs."""

    def run(one: Recipe):
        made = make_case(case.name, case.level, one)
        return kernel.run(made), made.expected

    def differs(one: Recipe) -> bool:
        outcome, expected = run(one)
        return outcome not in (None, expected)

    small = shrink(recipe(case.name, case.level), differs)
    text = "\n".join(row.text for row in disassemble(build(small).instructions))
    outcome, expected = run(small)
    return (
        f"case {case.name}, level {case.level}\nstarts with {small.value.hex()}\n{text}\n"
        f"kernel  {outcome}\nmachine {expected}"
    )
