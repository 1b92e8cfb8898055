"""A verifier log, read from its end.

Of a log of megabytes an explanation needs a few lines: the complaint, and the path to it. So lines
are looked at one by one, from the end, and states are parsed when somebody asks for them.

Until 7.2 the complaint stands behind the last instruction, and statistics follow. Later kernels
write reports behind the complaint: see `report.py`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rawbpf.verifier.lines import branch, insn, is_note, said_behind, state_text
from rawbpf.verifier.path import Path
from rawbpf.verifier.report import Report, is_title, places, read_report

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Log"]

_NAMED_SLOT = re.compile(r"\binsn[ #](\d{1,9})\b")
_RUN_ON = re.compile(r"(?<=.)processed \d{1,9} insns \(limit.*")
"""One complaint ends without a newline ("spilled ptr in range of ..."), so statistics follow it."""
_LONGEST_COMPLAINT = 50
_TAIL = 20  # lines, in which statistics are
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
    r"""The text of a log, whatever its length; nothing here raises, for any text.

    >>> log = Log("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 9)\n")
    >>> log.complaint, log.path[0].slot, log.statistics["insns"]
    (('R0 !read_ok',), 0, 1)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")

    @cached_property
    def _report(self) -> Report:
        """What kernels after 7.2 say besides; of the statistics behind it nothing."""
        lines = [line for line in self.lines[self._sections_at :] if not is_statistic(line)]
        return read_report(lines)

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines of the log, without the reports of kernels after 7.2."""
        return self.lines[: self._sections_at][-count:]

    @property
    def sections(self) -> dict[str, tuple[str, ...]]:
        """The sections of the first report: name without colon -> lines."""
        return self._report.sections

    @cached_property
    def _sections_at(self) -> int:
        """The line where sections begin; behind the last line if there are none."""
        end = first = len(self.lines)
        for index in range(end - 1, -1, -1):
            line = self.lines[index]
            if is_title(line):
                first = index
            elif line[:1].isdigit() and (insn(line) or state_text(line)):
                break
        return first

    @cached_property
    def _complaint_at(self) -> tuple[int, tuple[str, ...]]:
        """The line before the complaint, and the complaint."""
        found: list[str] = []
        at = self._sections_at - 1
        while at >= 0 and len(found) < _LONGEST_COMPLAINT:
            line = self.lines[at]
            if insn(line) or state_text(line) is not None or branch(line):
                found += [said] if (said := said_behind(line)) else []
                break
            if not is_note(line) and not line.startswith(";"):
                found.append(_RUN_ON.sub("", line).strip())
            at -= 1
        return at, tuple(reversed(found))

    @property
    def complaint(self) -> tuple[str, ...]:
        """What the verifier said, a line each; empty when it said nothing."""
        # Some complaints go on behind a report, and each reference that leaks has one of its own.
        behind = [one.strip() for one in self._report.others if not is_note(one)]
        said = (*self._complaint_at[1], *behind[:_LONGEST_COMPLAINT])
        said = said or tuple(one.strip() for one in self.sections.get("Reason", ()))
        # 6.1 says nothing but this where newer kernels add that a caller passes invalid arguments.
        return said or tuple(line for line in self.lines[-_TAIL:] if line.startswith("arg#"))

    @property
    def cause(self) -> str:
        """The complaint as one line; the last line of anything when there is none."""
        if self.complaint:
            said = self.complaint if len(self.complaint) <= 3 else self.complaint[-1:]
            return "; ".join(said)
        return next(
            (line.strip() for line in reversed(self.lines) if line.strip()), "no reason given"
        )

    @cached_property
    def path(self) -> Path:
        """The instructions that lead to the complaint, the last one first."""
        return Path(self.lines, self._complaint_at[0])

    @property
    def named_slot(self) -> int | None:
        """The instruction that the complaint names by number: "jump out of range from insn 3"."""
        for line in self.complaint:
            found = _NAMED_SLOT.search(line)
            if found:
                return int(found[1])
        return next((one.slot for one in places(self.sections.get("At", ()))), None)

    @cached_property
    def statistics(self) -> dict[str, int]:
        """What the verifier counted, as far as the log says."""
        tail = "\n".join(self.lines[-_TAIL:])
        found = {name: pattern.search(tail) for name, pattern in _COUNTS.items()}
        return {name: int(one[1][:18]) for name, one in found.items() if one}

    @property
    def stack_depths(self) -> Sequence[int]:
        """Bytes of stack of the program and of each of its functions (5.2, with statistics)."""
        found = _STACK.search("\n".join(self.lines[-_TAIL:]))
        return [int(one[:9]) for one in found[1].split("+") if one] if found else []


def is_statistic(line: str) -> bool:
    """Whether a line belongs to the end of the log."""
    return line.startswith(("processed ", "verification time ", "stack depth ", "insns processed "))
