"""What the verifiers of several kernels wrote, kept by tools/golden-logs and read without a kernel.

Where there is a log of level 2, the explainer gets it on kernels whose level 1 has no states, as in
life (before 5.17).
"""

from rawbpf.verifier.log import Log
from tests.support.rejected import GOLDEN
from tests.support.rule_examples import log_name

KERNELS = {tuple(map(int, one.name.split("."))): one for one in GOLDEN.iterdir() if one.is_dir()}
GUESTS = {(5, 10), (6, 1), (6, 12), (7, 2)}
"""Kernels that could be asked all of it. Others may lack logs, such as of what traces."""

WITHOUT_A_PLACE = {
    "RB-V020", "RB-V021", "RB-V038", "RB-V040", "RB-V042", "RB-V045", "RB-V049", "RB-V050",
    "RB-V052", "RB-V058", "RB-V076",
}  # fmt: skip
"""Complaints that name no instruction, and come before or after the walk through the program."""

MESSAGES = [
    (code, message.replace(" // ", "\n"))
    for code, _, message in (
        line.partition(" ") for line in (GOLDEN / "messages.txt").read_text().splitlines()
    )
]
"""Code and message, of kernels: what programs met that were made at random, or had few rights."""


def log_of(kernel, one):
    """Of a program of the gallery: what the library would explain. None if there is none."""
    path = KERNELS[kernel] / f"{one.name}.log"
    if one.rule_on(kernel) is None or not path.exists():
        return None
    text, fuller = path.read_text(), path.with_suffix(".level2.log")
    steps = Log(text).path
    return fuller.read_text() if steps and not steps.tells_states and fuller.exists() else text


def example_log(kernel, rule, number):
    """Of an example of a rule. None if there is none."""
    path = KERNELS[kernel] / log_name(rule, number)
    return path.read_text() if path.exists() else None
