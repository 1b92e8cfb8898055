"""A real kernel rejects each rule's examples for that rule, and accepts the fixed versions.

The proposed changes are checked, too: a change shown as accepted was accepted, and a rule that can
propose a change did so.
"""

import pytest

from rawbpf.kernel.version import kernel_version
from rawbpf.verifier.log import Log
from tests.support.rule_examples import (
    EXAMPLES,
    askable,
    begun,
    refusal,
    unprivileged_allowed,
    within,
)

pytestmark = pytest.mark.no_probe


@pytest.fixture(scope="module", autouse=True)
def _unprivileged():
    with unprivileged_allowed():
        yield


@pytest.mark.parametrize(
    ("rule", "example"),
    [pytest.param(rule, one, id=f"{rule.code}-{number}") for rule, number, one in EXAMPLES],
)
def test_examples(rule, example, kernel):
    version = kernel_version()[:2]
    if not askable(example):
        pytest.skip("this machine does not allow loading without CAP_BPF")
    if within(example, version):
        refused = refusal(example.refused, kernel, example.without)
        assert refused is not None
        explanation = refused.explanation
        assert explanation.code == rule.code, refused.details or refused
        assert explanation.slot is not None or not Log(refused.details).path
        if rule.repair and explanation.patch:
            assert explanation.trial.accepted, (explanation.patch, explanation.trial)
    if begun(example, version):
        accepted = refusal(example.accepted, kernel, example.without)
        assert accepted is None, accepted.details or accepted
