"""Every rule at work: what each kernel said of its examples, or of its programs in the gallery.

The logs were written by tools/golden-logs. A rule without any log of a kernel has to say, by its
``since`` or ``until``, that this kernel has no such refusal, or why nobody can bring it about.
"""

import pytest

from rawbpf.verifier.exhibits import exhibits, exhibits_of
from rawbpf.verifier.explain import explain
from rawbpf.verifier.registry import rules
from tests.support.golden_logs import (
    GUESTS,
    KERNELS,
    MESSAGES,
    WITHOUT_A_PLACE,
    example_log,
    log_of,
)
from tests.support.rule_examples import EXAMPLES, log_name, within

RULES = rules().values()
CASES = [
    (kernel, rule, number)
    for kernel in sorted(KERNELS)
    for rule, number, example in EXAMPLES
    if within(example, kernel)
]


@pytest.fixture(scope="module")
def shown():
    """Kernel -> the codes that explain its golden logs."""
    found = {kernel: set() for kernel in KERNELS}
    for kernel in KERNELS:
        logs = [log_of(kernel, one) for one in exhibits()]
        logs += [example_log(kernel, rule, number) for rule, number, _ in EXAMPLES]
        found[kernel] = {explain(text).code for text in logs if text is not None}
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_it_has_an_example_or_says_why_not(rule):
    """What cannot be brought about was met at least once, by programs made at random."""
    assert bool(rule.examples or exhibits_of(rule.code)) != bool(rule.unshown)
    if rule.unshown:
        assert rule.unshown.endswith(".")
        assert rule.code in {code for code, _ in MESSAGES}


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_each_kernel_that_has_it_has_a_log_of_it_and_no_other(rule, shown):
    has = {kernel for kernel in GUESTS if rule.code in shown[kernel]}
    should = {kernel for kernel in GUESTS if within(rule, kernel) and not rule.unshown}
    assert has == should
    assert all(within(rule, kernel) for kernel in KERNELS if rule.code in shown[kernel])


@pytest.mark.parametrize(
    ("kernel", "rule", "number"),
    CASES,
    ids=[f"{k[0]}.{k[1]}-{rule.code}-{number}" for k, rule, number in CASES],
)
def test_an_example_is_explained_by_its_rule(kernel, rule, number):
    text = example_log(kernel, rule, number)
    if text is None:
        assert kernel not in GUESTS, "tools/golden-logs writes what is missing"
        return
    found = explain(text)
    assert found.code == rule.code, found.kernel
    assert found.sentence
    assert found.slot is not None or rule.code in WITHOUT_A_PLACE


def test_no_log_is_left_of_what_is_gone():
    for kernel, folder in KERNELS.items():
        names = {one.name for one in exhibits() if one.rule_on(kernel)}
        names |= {log_name(rule, n).partition(".")[0] for k, rule, n in CASES if k == kernel}
        assert {path.name.partition(".")[0] for path in folder.iterdir()} <= names
