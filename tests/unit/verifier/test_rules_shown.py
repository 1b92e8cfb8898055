"""Every rule explains what each kernel wrote about its examples or its gallery programs.

tools/golden-logs recorded the logs. If a rule has no log of some kernel, its ``since`` or ``until``
must exclude this kernel, or ``unshown`` must say why the message cannot be provoked.
"""

import pytest

from rawbpf.verifier.exhibits import exhibits, exhibits_of
from rawbpf.verifier.explainer import explain
from rawbpf.verifier.registry import all_rules
from tests.support.golden_logs import (
    GUESTS,
    KERNELS,
    MESSAGES,
    WITHOUT_A_PLACE,
    example_log,
    log_of,
)
from tests.support.rule_examples import EXAMPLES, log_name, within

RULES = all_rules().values()
CASES = [
    (kernel, rule, number)
    for kernel in sorted(KERNELS)
    for rule, number, example in EXAMPLES
    if within(example, kernel)
]


@pytest.fixture(scope="module")
def shown():
    """Return, by kernel, the codes that explain its golden logs."""
    found = {kernel: set() for kernel in KERNELS}
    for kernel in KERNELS:
        logs = [log_of(kernel, one) for one in exhibits()]
        logs += [example_log(kernel, rule, number) for rule, number, _ in EXAMPLES]
        found[kernel] = {explain(text).code for text in logs if text is not None}
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_each_rule_has_an_example_or_says_why_not(rule):
    """A message that no example provokes was met at least once by random programs."""
    assert bool(rule.examples or exhibits_of(rule.code)) != bool(rule.unshown)
    if rule.unshown:
        assert rule.unshown.endswith(".")
        assert rule.code in {code for code, _ in MESSAGES}


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_exactly_the_kernels_with_the_rule_have_a_log_of_it(rule, shown):
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
        assert kernel not in GUESTS, "run tools/golden-logs to record the missing log"
        return
    found = explain(text)
    assert found.code == rule.code, found.kernel
    assert found.sentence
    assert found.slot is not None or rule.code in WITHOUT_A_PLACE


def test_every_log_belongs_to_a_program():
    for kernel, folder in KERNELS.items():
        names = {one.name for one in exhibits() if one.rule_on(kernel)}
        names |= {log_name(rule, n).partition(".")[0] for k, rule, n in CASES if k == kernel}
        assert {path.name.partition(".")[0] for path in folder.iterdir()} <= names
