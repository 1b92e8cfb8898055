"""The gallery on this kernel: each program is refused, and its repair is accepted."""

import pytest

from rawbpf.collection.kernel_facts import KernelFacts
from rawbpf.gallery.exhibits import exhibits
from rawbpf.gallery.trial import attempt
from rawbpf.kernel.version import kernel_version
from tests.support.rejected import logs_of, spec_for

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def kernel():
    return KernelFacts()


def here():
    """Those that are about this kernel."""
    version = kernel_version()[:2]
    return [one for one in exhibits() if one.rule_on(version) is not None]


def test_each_program_is_refused(kernel):
    accepted = []
    for one in here():
        found = logs_of(one.path, kernel, one.without)
        if found.error is None or not found.texts.get(1):
            accepted.append(f"{one.path.name}: {found.error}")
    assert accepted == []


def test_each_repair_is_accepted(kernel):
    refused = []
    for one in here():
        verdict = attempt(spec_for(one.fixed_path), kernel, one.without)
        if verdict.error is not None:
            refused.append(f"{one.fixed_path.name}: {verdict.log[-1000:] or verdict.error}")
    assert refused == []
