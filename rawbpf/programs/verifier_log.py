"""The cause in a verifier log, as far as one line can say it.

Up to 7.2 a log is a trace of states that ends in the complaint and a line of statistics:

    0: R1=ctx() R10=fp0
    0: (95) exit
    R0 !read_ok
    processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

Later kernels write sections, in which the line behind "Reason:" is the complaint. Neither the last
line nor any fixed one can be relied on, so we read from the end and skip what cannot be it.
"""

from __future__ import annotations

__all__ = ["cause"]

_NOT_THE_CAUSE = (
    "processed ",
    "verification time ",
    "stack depth ",
    "mark_precise:",
    "func#",
    "live regs",
    "insns (limit",
)


def cause(log: str) -> str:
    r"""The line that says why; the last line of anything when no line looks like it.

    >>> cause("0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)")
    'R0 !read_ok'
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in lines:
        if line.startswith("Reason:") and len(line) > len("Reason:"):
            return line.removeprefix("Reason:").strip()
    for line in reversed(lines):
        if not line.startswith(_NOT_THE_CAUSE) and not _is_trace(line):
            return line
    return lines[-1] if lines else "no reason given"


def _is_trace(line: str) -> bool:
    """An instruction or a state: ``12: (95) exit``, ``; source``, ``from 3 to 5: R0=...``."""
    number, colon, _ = line.partition(":")
    return line.startswith((";", "from ")) or bool(colon and number.isdigit())
