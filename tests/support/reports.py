"""Add to logs of older kernels the reports that kernels after 7.2 write after an error.

The format comes from kernel/bpf/diagnostics.c (commit ce7c9f6c599b). The tests need this until
one of the tested kernels writes such reports.
"""

from textwrap import wrap
from typing import NamedTuple

from hypothesis import strategies as st

from rawbpf.verifier.log import Log

WIDTH = 100
CATEGORIES = (
    "Register Type Safety", "Memory Safety", "Resource Lifetime Safety", "Call Type Safety",
    "Execution Context Safety", "Program Structure", "Policy", "Verifier Limit",
)  # fmt: skip
LABELS = ("branch", "update", "invalidated", "spilled", "acquired", "released", "context")


class At(NamedTuple):
    """An instruction, and its line of source if it is known."""

    slot: int
    label: str
    text: str
    line: int | None = None


class Told(NamedTuple):
    """A report. ``lock`` is the position where the lock was taken, in reports about locks."""

    category: str
    problem: str
    reason: str
    at: At
    causal: tuple[At, ...]
    suggestion: str
    lock: At | None = None


def report(told):
    """Return the lines of a report."""
    rows = ["", f"Verification failed: {told.category}: {told.problem}", "", "Reason:"]
    rows += [f"  {one}" for one in wrap(told.reason, WIDTH - 2)]
    rows += ["", "At:", *_place(told.at)]
    if told.causal:
        rows += ["", "Causal path:"]
        for number, one in enumerate(told.causal):
            rows += [*([""] if number else []), *_place(one)]
    if told.lock:
        rows += ["", "Active lock:", *_place(told.lock)]
    rows += ["", "Suggestion:", *(f"  {one}" for one in wrap(told.suggestion, WIDTH - 2)), ""]
    return rows


def _place(at):
    instructions = [
        f"  {'>>> ' if slot == at.slot else '    '}{slot:2} | (b7) r{slot % 10} = {slot}"
        for slot in range(max(at.slot - 2, 0), at.slot + 3)
    ]
    if at.line is None:
        return [f"  insn {at.slot}", *_note(at, 4, 0), "  Instruction context:", *instructions]
    width = len(str(at.line + 2))
    rows = [f"  entry @ some/prog.c:{at.line}:5", "  Source context:"]
    for number in range(at.line - 2, at.line + 3):
        mark = ">>> " if number == at.line else "    "
        text = "    call(insn 7, a); // insn 99" if number == at.line else "..."
        rows.append(f"  {mark}{number:{width}} | {text}")
        if number == at.line:
            rows += _note(at, width + 4, 4)
    return [*rows, "  Instruction context:", *instructions]


def _note(at, width, indent):
    """Return the lines of a note, indented next to an empty column."""
    head, further = (f"  {'':{width}} | {'':{indent}}{sign}" for sign in ("^-- ", "    "))
    parts = wrap(f"{at.label}: {at.text}", WIDTH - len(head))
    return [head + parts[0], *(further + one for one in parts[1:])]


PHRASE = (
    "R3 is not a map value: (id=2) insn 5 fp-8 may be NULL; scalar, outside 0x10 [0, 7] exit and "
    "the verifier cannot prove offset + access_size <= object_size."
)
words = st.lists(st.sampled_from(PHRASE.split()), min_size=1, max_size=40).map(" ".join)
slots = st.integers(0, 99)


def _ats(labels):
    return st.builds(At, slots, labels, words, st.none() | st.integers(3, 5000))


told = st.builds(
    Told, st.sampled_from(CATEGORIES), words.map(str.capitalize), words,
    _ats(st.just("error")), st.lists(_ats(st.sampled_from(LABELS)), max_size=5).map(tuple), words,
    st.none() | _ats(st.just("acquired")),
)  # fmt: skip


def with_reports(log, reports):
    """Return the log with a report after each error message.

    A report is about the instruction at which the verifier stopped.
    """
    stopped = Log(log).path[0].slot
    reports = [one._replace(at=one.at._replace(slot=stopped)) for one in reports]
    lines = log.rstrip("\n").split("\n")
    message = Log(log).message
    at = max(index for index, line in enumerate(lines) if message[-1] in line.strip())
    for offset, one in enumerate(reversed(reports)):
        place = at + 1 - offset
        if offset < len(message):
            lines[place:place] = report(one)
    return "\n".join(lines) + "\n"
