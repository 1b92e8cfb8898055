"""Records of real sessions, told again; and calls through the gate, told as they happen."""

from pathlib import Path

from rawbpf.narration.capture.known import Known
from rawbpf.narration.tell.dump import dump
from rawbpf.narration.tell.json_line import decode
from rawbpf.narration.tell.line import format_call
from rawbpf.narration.tell.narrator import narrated, reason

GOLDEN = Path(__file__).parents[1] / "golden"


def records(name):
    """The calls of a recorded session."""
    return list(map(decode, (GOLDEN / name).read_text().splitlines()))


def retold(calls, *, full=False):
    """Each call as a line, its reason, and its bytes, as they are told while it happens."""
    known, text = Known(), ""
    for call in calls:
        text += f"{format_call(call)}\n    # {reason(call, known)}\n"
        text += dump(call) + "\n" if full else ""
        known.learn(call)
    return text


def told(make, mode="line"):
    """What is told of the calls that ``make`` makes."""
    parts = []
    with narrated(parts.append, mode):
        make()
    return "".join(parts)
