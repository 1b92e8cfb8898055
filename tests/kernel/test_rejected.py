"""This kernel rejects each program of the gallery by its rule, and accepts its fixed version."""

import pytest

from rawbpf.cli.verify.gallery import attempt
from rawbpf.errors import UnsupportedError, VerifierError
from rawbpf.kernel.version import kernel_version
from rawbpf.verifier.exhibits import exhibits
from rawbpf.verifier.explainer import explain
from tests.support.rejected import spec_for

pytestmark = pytest.mark.timeout(300)


def here():
    """Return the programs that apply to this kernel."""
    version = kernel_version()[:2]
    return [one for one in exhibits() if one.rule_on(version) is not None]


def explanation(error):
    """Return the explanation of an error. A failed relocation has its own."""
    if isinstance(error, VerifierError):
        return error.explanation
    assert isinstance(error, UnsupportedError), error
    return explain(error.details)


def test_each_program_is_rejected_by_its_rule(kernel):
    """The kernel also accepts every change that the explanation proposes."""
    wrong, version = [], kernel_version()[:2]
    for one in here():
        error = attempt(spec_for(one.path), kernel, one.without).error
        assert error is not None, f"{one.path.name} was accepted"
        found = explanation(error)
        if found.code != one.rule_on(version):
            wrong.append(f"{one.path.name}: {found.code} instead of {one.rule_on(version)}")
        if found.trial is not None and not found.trial.accepted:
            wrong.append(f"{one.path.name}: {found.patch}: {found.trial.reason}")
    assert wrong == []


def test_each_fixed_version_is_accepted(kernel):
    refused = []
    for one in here():
        verdict = attempt(spec_for(one.fixed_path), kernel, one.without)
        if verdict.error is not None:
            refused.append(f"{one.fixed_path.name}: {verdict.log[-1000:] or verdict.error}")
    assert refused == []
