"""Read a verifier log from its end.

A log may be megabytes long, but only the message and the path that led to it are needed for an
explanation. Lines are therefore parsed one by one from the end, and states are parsed only on
demand.

Up to 7.2, the message follows the last instruction, and is followed by statistics. Newer kernels
write reports after the message, which `report.py` parses.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rawbpf.verifier.lines import branch, insn, is_note, said_after_jump, state_text
from rawbpf.verifier.path import Path
from rawbpf.verifier.report import Report, is_title, places, read_report

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Log"]

_NAMED_SLOT = re.compile(r"\binsn[ #](\d{1,9})\b")
_RUN_ON = re.compile(r"(?<=.)processed \d{1,9} insns \(limit.*")
"""The start of a message that the kernel writes without a newline ("spilled ptr in range of ...").

The statistics follow on the same line."""
_LONGEST_MESSAGE = 50
_WIDEST = 4096
"""The maximum length of a message line in characters.

The kernel writes at most 1024 characters at a time."""
_TAIL = 20  # the number of lines at the end that may contain the statistics
_COUNTS = {
    "insns": re.compile(r"processed (\d+) insns"),
    "limit": re.compile(r"\(limit (\d+)\)"),
    "max_states_per_insn": re.compile(r"max_states_per_insn (\d+)"),
    "total_states": re.compile(r"total_states (\d+)"),
    "peak_states": re.compile(r"peak_states (\d+)"),
    "mark_read": re.compile(r"mark_read (\d+)"),
    "time_us": re.compile(r"verification time (\d+) usec"),
}
_STACK = re.compile(r"^stack depth ([\d+]+)", re.MULTILINE)


class Log:
    r"""A verifier log, which may have any length.

    No method raises an error, whatever the text.

    >>> log = Log("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 9)\n")
    >>> log.message, log.path[0].slot, log.statistics["insns"]
    (('R0 !read_ok',), 0, 1)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")

    @cached_property
    def _report(self) -> Report:
        """The reports from kernels newer than 7.2, without the trailing statistics."""
        lines = [line for line in self.lines[self._sections_at :] if not is_statistic(line)]
        return read_report(lines)

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines of the log, excluding reports from kernels newer than 7.2."""
        return self.lines[: self._sections_at][-count:]

    @property
    def sections(self) -> dict[str, tuple[str, ...]]:
        """Maps section titles in the first report, without the colon, to the sections' lines."""
        return self._report.sections

    @cached_property
    def _sections_at(self) -> int:
        """The index of the first line of the reports, or the number of lines if there are none."""
        end = first = len(self.lines)
        for index in range(end - 1, -1, -1):
            line = self.lines[index]
            if is_title(line):
                first = index
            elif line[:1].isdigit() and (insn(line) or state_text(line)):
                break
        return first

    @cached_property
    def _message_at(self) -> tuple[int, tuple[str, ...]]:
        """The index of the line that precedes the message, and the message itself."""
        found: list[str] = []
        at = self._sections_at - 1
        while at >= 0 and len(found) < _LONGEST_MESSAGE:
            line = self.lines[at]
            if insn(line) or state_text(line) is not None or branch(line):
                found += [_clipped(said)] if (said := said_after_jump(line)) else []
                break
            if not is_note(line) and not line.startswith(";"):
                found.append(_clipped(_RUN_ON.sub("", line)))
            at -= 1
        return at, tuple(reversed(found))

    @property
    def message(self) -> tuple[str, ...]:
        """The lines of the verifier's message, or an empty list if the log has no message."""
        # Some messages continue after a report, and each leaked reference has a report of its own.
        after = [_clipped(one) for one in self._report.others if not is_note(one)]
        said = (*self._message_at[1], *after[:_LONGEST_MESSAGE])
        said = said or tuple(map(_clipped, self.sections.get("Reason", ())))
        # Linux 6.1 writes only this line; newer kernels add that a caller passed invalid arguments.
        return said or tuple(
            _clipped(line) for line in self.lines[-_TAIL:] if line.startswith("arg#")
        )

    @property
    def cause(self) -> str:
        """The message on one line or, if there is no message, the last line of the log."""
        if self.message:
            said = self.message if len(self.message) <= 3 else self.message[-1:]
            return "; ".join(said)
        return next(
            (_clipped(line) for line in reversed(self.lines) if line.strip()), "no reason given"
        )

    @cached_property
    def path(self) -> Path:
        """The instructions that led to the message, latest first."""
        return Path(self.lines, self._message_at[0])

    @property
    def named_slot(self) -> int | None:
        """The instruction that the message names, as in "jump out of range from insn 3"."""
        for line in self.message:
            found = _NAMED_SLOT.search(line)
            if found:
                return int(found[1])
        return next((one.slot for one in places(self.sections.get("At", ()))), None)

    @cached_property
    def statistics(self) -> dict[str, int]:
        """The verifier's statistics, as far as the log contains them."""
        tail = "\n".join(self.lines[-_TAIL:])
        found = {name: pattern.search(tail) for name, pattern in _COUNTS.items()}
        return {name: int(one[1][:18]) for name, one in found.items() if one}

    @property
    def stack_depths(self) -> Sequence[int]:
        """The stack depths in bytes of the program and of each function (5.2, with statistics)."""
        found = _STACK.search("\n".join(self.lines[-_TAIL:]))
        return [int(one[:9]) for one in found[1].split("+") if one] if found else []


def _clipped(line: str) -> str:
    """Return a message line without surrounding white space, truncated to `_WIDEST` characters."""
    line = line.strip()
    return line if len(line) <= _WIDEST else line[:_WIDEST] + "…"


def is_statistic(line: str) -> bool:
    """Return whether a line is part of the statistics at the end of a log."""
    return line.startswith(("processed ", "verification time ", "stack depth ", "insns processed "))
