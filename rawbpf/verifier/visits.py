"""Read a whole log of level 2, which shows every visit to every instruction with its states.

Since 5.17, the kernel logs only the changes that each instruction makes; older kernels log the
whole state. When the kernel returns to a branch, it logs the whole state again. The reader
therefore tracks the current state and updates it with each line.

    visits      an instruction is visited once for each path through it, and once for each iteration
    edges       where each jump went, and how often
    pruned      returns to a branch with a state that was verified before: `from 3 to 7: safe`
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

__all__ = ["Known", "Visit", "Visited", "Visits", "read_visits"]

_CALL = 0x85
_DESTROYED = ("r1", "r2", "r3", "r4", "r5")
_FRAMES = ("caller:", "callee:", "returning from callee:", "to caller at ")
_KEPT = 32
"""The maximum number of visits per instruction for which states are kept.

Further visits are only counted.
"""


class Known(NamedTuple):
    """The state of one frame, as a dict from locations ("r1", "fp-8") to values as logged."""

    frame: int
    places: dict[str, str]


class Visit(NamedTuple):
    """One visit to an instruction. ``after`` contains only the locations that changed."""

    before: Known
    after: dict[str, str]


class Visited:
    """All visits to one instruction: their number, and the states of the first few."""

    def __init__(self, one: Insn, source: str) -> None:
        self.slot, self.text = one.slot, one.text
        self.source = source
        self.count = 0
        self.visits: list[Visit] = []


class Visits:
    """The visited instructions by slot, and the jumps between them.

    ``edges`` counts the jumps by (from, to); backward jumps form loops. ``pruned`` counts the
    returns to a branch that ended immediately because the state had already been verified.
    """

    def __init__(self) -> None:
        self.seen: dict[int, Visited] = {}
        self.edges: Counter[tuple[int, int]] = Counter()
        self.pruned: Counter[tuple[int, int]] = Counter()

    @cached_property
    def ways(self) -> dict[int, dict[int, int]]:
        """Counts jumps, keyed by the slots of the jump and its target."""
        found: dict[int, dict[int, int]] = {}
        for (source, target), count in self.edges.items():
            found.setdefault(source, {})[target] = count
        return found

    @cached_property
    def pruned_before(self) -> Counter[int]:
        """Counts pruned paths, keyed by slot."""
        found: Counter[int] = Counter()
        for (_, target), count in self.pruned.items():
            found[target] += count
        return found


def read_visits(lines: Iterable[str]) -> Visits:
    r"""Read the lines of a log and return the visits.

    >>> visits = read_visits(["0: R1=ctx() R10=fp0", "0: (bf) r2 = r10  ; R2=fp0", "1: (95) exit"])
    >>> visits.seen[0].visits[0].before.places["r1"], visits.seen[0].visits[0].after
    ('ctx()', {'r2': 'fp0'})
    """
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.visits


class _Reader:
    """Reads a log line by line and tracks the current state."""

    def __init__(self) -> None:
        self.visits = Visits()
        self.frames: dict[int, dict[str, str]] = {}
        self.frame = 0
        self.last: Visit | None = None
        self.last_slot: int | None = None
        self.whole = True  # whether the next state is a complete one
        self.partial = False  # whether this kernel logs only changes
        self.source = ""

    def line(self, line: str) -> None:
        """Read one line of any kind."""
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
            self.last = None  # the next part is the state of another frame

    def _insn(self, one: Insn) -> None:
        if self.last_slot is not None:
            self._edge(self.last_slot, one.slot)
        seen = self.visits.seen.setdefault(one.slot, Visited(one, self.source))
        seen.count += 1
        self.last, self.last_slot = None, one.slot
        if len(seen.visits) < _KEPT:
            known = Known(self.frame, dict(self.frames.get(self.frame, {})))
            self.last = Visit(known, {})
            seen.visits.append(self.last)
        if one.opcode == _CALL:  # a call clobbers r1 to r5, which newer kernels no longer log
            for place in _DESTROYED:
                self.frames.get(self.frame, {}).pop(place, None)
        if one.after:
            self.partial = True
            self.whole = False
            self._state(one.after)
        self.whole = not self.partial

    def _edge(self, source: int, target: int) -> None:
        """Count an edge if its source is a jump."""
        text = self.visits.seen[source].text
        if "goto" in text:
            self.visits.edges[source, target] += 1

    def _branch(self, back: Branch) -> None:
        edge = (back.source, back.target)
        self.last = self.last_slot = None
        if back.safe:
            self._pruned(*edge)
            return
        if back.source in self.visits.seen and "goto" in self.visits.seen[back.source].text:
            self.visits.edges[edge] += 1
        self.whole = True
        if back.state:
            self._state(back.state)

    def _pruned(self, source: int, target: int) -> None:
        """Count a path that ends before ``target`` because an earlier state covers its state."""
        self.visits.pruned[source, target] += 1
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
