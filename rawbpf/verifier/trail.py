"""A whole log of level 2: every visit to every instruction, and what was known around it.

The kernel writes what an instruction changed (from 5.17 on), or all of the state (before); all of
it again where it returns to a branch. So the state is kept while reading, and each line changes it.

    visits      an instruction is seen once for each path through it; loops are seen round by round
    edges       where each jump went, and how often
    pruned      returns to a branch whose state was like one seen before: `from 3 to 7: safe`
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.verifier.lines import branch, insn, pruned_at, state_text
from rawbpf.verifier.state import State, parse_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.verifier.lines import Branch, Insn

__all__ = ["Known", "Seen", "Trail", "Visit", "read_trail"]

_CALL = 0x85
_DESTROYED = ("r1", "r2", "r3", "r4", "r5")
_FRAMES = ("caller:", "callee:", "returning from callee:", "to caller at ")
_KEPT = 32
"""Visits of one instruction that are kept with their states; the others are counted."""


class Known(NamedTuple):
    """What was known in one frame: place ("r1", "fp-8") -> the value as the kernel wrote it."""

    frame: int
    places: dict[str, str]


class Visit(NamedTuple):
    """One visit. ``after`` is what the log says behind it; what is not named did not change."""

    before: Known
    after: dict[str, str]


class Seen:
    """All that happened at one instruction."""

    def __init__(self, one: Insn, source: str) -> None:
        self.slot, self.text = one.slot, one.text
        self.source = source
        self.count = 0
        self.visits: list[Visit] = []


class Trail:
    """``edges``: (from, to) of jumps -> how often; those that go back make loops.

    ``pruned``: the same of returns to a branch whose state was like one seen before.
    """

    def __init__(self) -> None:
        self.seen: dict[int, Seen] = {}
        self.edges: Counter[tuple[int, int]] = Counter()
        self.pruned: Counter[tuple[int, int]] = Counter()

    @cached_property
    def ways(self) -> dict[int, dict[int, int]]:
        """A jump's slot -> where it went -> how often."""
        found: dict[int, dict[int, int]] = {}
        for (source, target), count in self.edges.items():
            found.setdefault(source, {})[target] = count
        return found

    @cached_property
    def pruned_before(self) -> Counter[int]:
        """A slot -> how often a path ended in front of it."""
        found: Counter[int] = Counter()
        for (_, target), count in self.pruned.items():
            found[target] += count
        return found


def read_trail(lines: Iterable[str]) -> Trail:
    r"""Read all lines of a log.

    >>> trail = read_trail(["0: R1=ctx() R10=fp0", "0: (bf) r2 = r10  ; R2=fp0", "1: (95) exit"])
    >>> trail.seen[0].visits[0].before.places["r1"], trail.seen[0].visits[0].after
    ('ctx()', {'r2': 'fp0'})
    """
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.trail


class _Reader:
    """The state while reading."""

    def __init__(self) -> None:
        self.trail = Trail()
        self.frames: dict[int, dict[str, str]] = {}
        self.frame = 0
        self.last: Visit | None = None
        self.last_slot: int | None = None
        self.whole = True  # whether the next state says everything
        self.partial = False  # whether this kernel writes only what changed
        self.source = ""

    def line(self, line: str) -> None:
        """One line of any kind."""
        first = line[:1]
        if first.isdigit():
            one = insn(line)
            if one is not None:
                self._insn(one)
            elif (text := state_text(line)) is not None:
                self._state(text)
            elif (slot := pruned_at(line)) is not None and self.last_slot is not None:
                self._pruned(self.last_slot, slot)
        elif first == "f" and (back := branch(line)) is not None:
            self._branch(back)
        elif first == ";":
            self.source = line[1:].strip()
        elif first == " " and line.lstrip().startswith(("R", "frame")):
            self.whole = True
            self._state(line)
        elif line.startswith(_FRAMES):
            self.last = None  # what follows is the state of another frame

    def _insn(self, one: Insn) -> None:
        if self.last_slot is not None:
            self._edge(self.last_slot, one.slot)
        seen = self.trail.seen.setdefault(one.slot, Seen(one, self.source))
        seen.count += 1
        self.last, self.last_slot = None, one.slot
        if len(seen.visits) < _KEPT:
            known = Known(self.frame, dict(self.frames.get(self.frame, {})))
            self.last = Visit(known, {})
            seen.visits.append(self.last)
        if one.opcode == _CALL:  # it destroys r1 to r5, and from 6.x on nobody says so
            for place in _DESTROYED:
                self.frames.get(self.frame, {}).pop(place, None)
        if one.after:
            self.partial = True
            self.whole = False
            self._state(one.after)
        self.whole = not self.partial

    def _edge(self, source: int, target: int) -> None:
        """Only of jumps: what just goes on says nothing."""
        text = self.trail.seen[source].text
        if "goto" in text:
            self.trail.edges[source, target] += 1

    def _branch(self, back: Branch) -> None:
        edge = (back.source, back.target)
        self.last = self.last_slot = None
        if back.safe:
            self._pruned(*edge)
            return
        if back.source in self.trail.seen and "goto" in self.trail.seen[back.source].text:
            self.trail.edges[edge] += 1
        self.whole = True
        if back.state:
            self._state(back.state)

    def _pruned(self, source: int, target: int) -> None:
        """A path ends in front of ``target``: it was there before with a state that covers this."""
        self.trail.pruned[source, target] += 1
        self.last = self.last_slot = None

    def _state(self, text: str) -> None:
        state = parse_state(text)
        places = _places(state)
        self.frame = state.frame
        now = self.frames.setdefault(state.frame, {})
        if self.last is not None:
            old = self.last.before.places if self.last.before.frame == state.frame else {}
            self.last.after.update(
                {place: value for place, value in places.items() if old.get(place) != value}
            )
        if self.whole:
            now.clear()
        now.update(places)
        self.whole = not self.partial


def _places(state: State) -> dict[str, str]:
    registers = {f"r{number}": value.text for number, value in state.registers.items()}
    return registers | {f"fp{off}": slot.text for off, slot in state.stack.items()}
