"""What five kernels said of the gallery's programs, each explained by the rule that it should.

The logs were written by tools/golden-logs. Where there is one of level 2, the explainer gets it on
kernels whose level 1 has no states, as in life (before 5.17).
"""

import pytest

from rawbpf.gallery.exhibits import exhibits
from rawbpf.verifier.explain import explain
from rawbpf.verifier.log import Log
from tests.support.rejected import GOLDEN

KERNELS = {tuple(map(int, one.name.split("."))): one for one in GOLDEN.iterdir() if one.is_dir()}
CASES = [(kernel, one) for kernel in sorted(KERNELS) for one in exhibits() if one.rule_on(kernel)]
WITHOUT_A_PLACE = {"RB-V040", "RB-V042", "RB-V045", "RB-V049", "RB-V050", "RB-V052", "RB-V058"}
"""Complaints that name no instruction, and come before or after the walk through the program."""

of_each_case = pytest.mark.parametrize(
    ("kernel", "one"), CASES, ids=[f"{k[0]}.{k[1]}-{one.name}" for k, one in CASES]
)


def log(kernel, one):
    """What the library would explain; None where this kernel could not be asked."""
    path = KERNELS[kernel] / f"{one.name}.log"
    if not path.exists():
        assert kernel == (6, 18), "only the kernel that does not trace may lack one"
        return None
    text, fuller = path.read_text(), path.with_suffix(".level2.log")
    steps = Log(text).path
    return fuller.read_text() if steps and not steps.tells_states and fuller.exists() else text


@of_each_case
def test_explained_by_its_rule(kernel, one):
    text = log(kernel, one)
    if text is not None:
        found = explain(text)
        assert found.code == one.rule_on(kernel), found.failure.complaint
        assert found.sentence
        assert found.slot is not None or found.code in WITHOUT_A_PLACE


def test_every_kernel_of_the_matrix_has_logs():
    assert set(KERNELS) >= {(5, 10), (6, 1), (6, 12), (7, 2)}
    assert all(len(list(folder.iterdir())) > 100 for folder in KERNELS.values())


def test_no_log_is_left_of_a_program_that_is_gone():
    names = {one.name for one in exhibits()}
    for folder in KERNELS.values():
        assert {path.name.partition(".")[0] for path in folder.iterdir()} <= names
