"""Read the verifier logs of several kernels that tools/golden-logs recorded.

On kernels whose level-1 log has no states (before 5.17), the explainer gets the level-2 log if
there is one, as it does outside tests.
"""

from rawbpf.verifier.log import Log
from tests.support.rejected import GOLDEN
from tests.support.rule_examples import log_name

KERNELS = {tuple(map(int, one.name.split("."))): one for one in GOLDEN.iterdir() if one.is_dir()}
GUESTS = {(5, 10), (6, 1), (6, 12), (7, 2)}
"""The kernels for which every log exists. Others may lack some, such as those of tracing."""

WITHOUT_A_PLACE = {
    "RB-V020", "RB-V021", "RB-V038", "RB-V040", "RB-V042", "RB-V045", "RB-V049", "RB-V050",
    "RB-V052", "RB-V058", "RB-V076",
}  # fmt: skip
"""Messages without an instruction, printed before or after the verifier checks the program."""

MESSAGES = [
    (code, message.replace(" // ", "\n"))
    for code, _, message in (
        line.partition(" ") for line in (GOLDEN / "messages.txt").read_text().splitlines()
    )
]
"""Error codes and messages of each kernel for random programs, and without capabilities."""


def log_of(kernel, one):
    """Return the log that the library would explain for a gallery program, or None."""
    path = KERNELS[kernel] / f"{one.name}.log"
    if one.rule_on(kernel) is None or not path.exists():
        return None
    text, fuller = path.read_text(), path.with_suffix(".level2.log")
    steps = Log(text).path
    return fuller.read_text() if steps and not steps.tells_states and fuller.exists() else text


def example_log(kernel, rule, number):
    """Return the log of a rule's example, or None."""
    path = KERNELS[kernel] / log_name(rule, number)
    return path.read_text() if path.exists() else None
