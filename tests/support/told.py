"""Narrate recorded sessions, and calls through the gate while they are made."""

from pathlib import Path

from rawbpf.narration.capture.known import Known
from rawbpf.narration.tell.dump import dump
from rawbpf.narration.tell.json_line import decode
from rawbpf.narration.tell.line import format_call
from rawbpf.narration.tell.narrator import narrated, reason

GOLDEN = Path(__file__).parents[1] / "golden"


def records(name):
    """Return the calls of a recorded session."""
    return list(map(decode, (GOLDEN / name).read_text().splitlines()))


def retold(calls, *, full=False):
    """Return what narration prints for each call: line, reason, and with ``full`` the bytes."""
    known, text = Known(), ""
    for call in calls:
        text += f"{format_call(call)}\n    # {reason(call, known)}\n"
        text += dump(call) + "\n" if full else ""
        known.learn(call)
    return text


def told(make, mode="line"):
    """Return what narration prints for the calls that ``make`` makes."""
    parts = []
    with narrated(parts.append, mode):
        make()
    return "".join(parts)
