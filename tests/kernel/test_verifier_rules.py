"""Every rule's examples on a real kernel: refused for what the rule says, accepted when repaired.

Also the changes that rules propose: whatever is shown as accepted was accepted, and for a rule that
can propose something, it was.
"""

from contextlib import ExitStack

import pytest

from rawbpf.errors import VerifierError
from rawbpf.kernel.memlock import raise_memlock_if_needed
from rawbpf.kernel.version import kernel_version
from rawbpf.maps.map import Map
from rawbpf.programs.load import load
from rawbpf.source.assembler import assemble
from rawbpf.verifier.registry import rules

pytestmark = pytest.mark.no_probe

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.code}-{number}")
    for rule in rules().values()
    for number, example in enumerate(rule.examples, 1)
]


def refusal(text):
    """What the kernel has against a file; None if it takes it."""
    raise_memlock_if_needed()
    spec = assemble(text)
    with ExitStack() as stack:
        maps = {name: stack.enter_context(Map.create(one)) for name, one in spec.all_maps().items()}
        try:
            for program in spec.programs.values():
                stack.enter_context(load(program, maps))
        except VerifierError as error:
            return error
    return None


def version(text):
    return tuple(map(int, text.split("."))) if text else None


def begun(example):
    """Whether this kernel has what the example is about."""
    return not example.since or kernel_version()[:2] >= version(example.since)


def applies(example):
    return begun(example) and (not example.until or kernel_version()[:2] <= version(example.until))


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_examples(rule, example):
    if applies(example):
        refused = refusal(example.refused)
        assert refused is not None
        explanation = refused.explanation
        assert explanation.code == rule.code, refused.log
        assert explanation.slot is not None or not explanation.failure.path
        if rule.repair and explanation.patch:
            assert explanation.trial.accepted, (explanation.patch, explanation.trial)
    if begun(example):
        accepted = refusal(example.accepted)
        assert accepted is None, accepted.log
