"""Change accepted programs at random, and explain what the verifier then reports.

Nearly all distinct messages must have a rule, and each explanation must point to the instruction
that the kernel named. RAWBPF_SEED repeats a run.
"""

import os
import re
from random import Random
from time import monotonic

import pytest

from rawbpf.verifier.explainer import explain
from rawbpf.verifier.log import Log
from tests.support.mutants import Bases, load, mutant

pytestmark = [pytest.mark.no_probe, pytest.mark.timeout(300)]

MUTANTS, SECONDS = 3000, 8.0
WITH_A_RULE = 0.98
NUMBER = re.compile(r"0x[0-9a-f]+|\d+")
HELPER = re.compile(r"bpf_\w+")
VISIT = re.compile(r"^(\d+): \([0-9a-f]{2}\)", re.MULTILINE)
NAMED = re.compile(r"insn[ #](\d+)")


def kind(message):
    """Return the message without what differs between programs."""
    return NUMBER.sub("N", HELPER.sub("HELPER", message))


def places(log, message):
    """Return the instructions that the kernel named in the message, or the last that it visited."""
    return {int(one) for one in (*NAMED.findall(message), *VISIT.findall(log)[-1:])}


@pytest.fixture(scope="module")
def refusals(kernel):
    """Return a log for each kind of message."""
    seed = int(os.environ.get("RAWBPF_SEED") or int.from_bytes(os.urandom(4), "little"))
    random, found, refused = Random(seed), {}, 0
    with Bases(kernel) as bases:
        made, end = 0, monotonic() + SECONDS
        while made < MUTANTS and monotonic() < end:
            made += 1
            log = load(mutant(random, bases))
            message = "\n".join(Log(log).message) if log else ""
            if log and message:  # without an error message, a later step of the load has failed
                refused += 1
                found.setdefault(kind(message), log)
        print(f"seed {seed}: {made} mutants of {len(bases)} programs, {refused} refused, "
              f"{len(found)} distinct messages")  # fmt: skip
    return found


def test_nearly_every_message_has_a_rule(refusals, capsys):
    unknown = [one for one, log in refusals.items() if not explain(log).code]
    with capsys.disabled():
        print(f"\n{len(refusals)} distinct messages, {len(unknown)} without a rule: {unknown}")
    assert len(refusals) > 50
    assert len(unknown) <= (1 - WITH_A_RULE) * len(refusals), unknown


def test_each_explanation_points_to_the_instruction_the_kernel_named(refusals):
    wrong = []
    for log in refusals.values():
        found = explain(log)
        named = places(log, "\n".join(found.kernel))
        if found.slot not in (named or {None}):
            wrong.append((found.slot, named, found.cause))
    assert wrong == []
