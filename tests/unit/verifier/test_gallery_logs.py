"""What five kernels wrote about the gallery's programs is explained by the expected rules."""

import pytest

from rawbpf.verifier.exhibits import exhibits
from rawbpf.verifier.explainer import explain
from tests.support.golden_logs import GUESTS, KERNELS, WITHOUT_A_PLACE, log_of

CASES = [(kernel, one) for kernel in sorted(KERNELS) for one in exhibits() if one.rule_on(kernel)]

of_each_case = pytest.mark.parametrize(
    ("kernel", "one"), CASES, ids=[f"{k[0]}.{k[1]}-{one.name}" for k, one in CASES]
)


@of_each_case
def test_each_log_is_explained_by_the_expected_rule(kernel, one):
    text = log_of(kernel, one)
    if text is None:
        assert kernel not in GUESTS, "only a kernel without tracing may lack a log"
        return
    found = explain(text)
    assert found.code == one.rule_on(kernel), found.kernel
    assert found.sentence
    assert found.slot is not None or found.code in WITHOUT_A_PLACE


def test_every_kernel_of_the_matrix_has_logs():
    assert set(KERNELS) >= GUESTS
    assert all(len(list(folder.iterdir())) > 100 for folder in KERNELS.values())
