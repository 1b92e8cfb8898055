"""Follow a value backward along the path to its origin, and collect the steps that changed it.

    5: (85) call bpf_map_lookup_elem#1   <─ returned by a call that may return NULL
    6: (7b) *(u64 *)(r10 -16) = r0       <─ stored
    8: (79) r1 = *(u64 *)(r10 -16)       <─ loaded from the stack
    9: (79) r0 = *(u64 *)(r1 +0)            r1?

Calls of the program's own functions are followed as well: r1 to r5 come from the caller, and r0
after a call comes from the called function's exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.verifier.effect import Effect, effect
from rawbpf.verifier.state import parse_state

if TYPE_CHECKING:
    from rawbpf.verifier.path import Path, Step
    from rawbpf.verifier.state import StackSlot
    from rawbpf.verifier.value import Value

__all__ = ["Origin", "known", "origins", "slot_known"]

_FP = 10
_FARTHEST = 20_000  # proceed in chunks, because a path may contain a million steps


class Origin(NamedTuple):
    """A step that set or changed a value.

    ``place`` is the location of the value after the step, such as "r0" or "fp-8".

    An ``effect.kind`` of "move", "load" or "store" means that the value was copied; "arithmetic"
    and "if" change what is known about it; "call", "constant", and "load" from other memory create
    it.
    """

    step: Step
    place: str
    effect: Effect
    at: int


def origins(path: Path, register: int, at: int = 0) -> list[Origin]:
    """Return the steps that changed ``register`` before the step ``path[at]``, latest first.

    The last origin is the step that created the value. If no step created the value, it existed
    when the program started.
    """
    return _Walk(path, at, f"r{register}").run()


class _Walk:
    """A walk backward along the path; ``place`` is the current location of the value."""

    def __init__(self, path: Path, at: int, place: str) -> None:
        self.path, self.at, self.place = path, at, place
        self.size = 8  # the number of bytes at the location, if it is on the stack
        self.depth = path[at].depth
        self.found: list[Origin] = []

    def run(self) -> list[Origin]:
        for index in range(self.at + 1, self.at + _FARTHEST):
            try:
                step = self.path[index]
            except IndexError:
                break
            if not self._step(step, index):
                break
        return self.found

    def _step(self, step: Step, index: int) -> bool:
        """Process one step. Process a step, and return whether to continue the walk."""
        if step.depth > self.depth:
            entering = self.place == "r0" and step.depth == self.depth + 1
            if entering and effect(step.text).kind == "exit":
                self.depth = step.depth  # r0 was returned by the called function
            return True
        if step.depth < self.depth:  # this call entered the current function
            self.depth = step.depth
            return self.place in ("r1", "r2", "r3", "r4", "r5")
        return self._effect(step, index, effect(step.text))

    def _effect(self, step: Step, index: int, one: Effect) -> bool:
        place = self.place
        if one.kind == "if":
            if f"r{one.dst}" == place or f"r{one.src}" == place:
                self._note(step, index, one)
            return True
        if one.kind == "call":
            if place not in ("r0", "r1", "r2", "r3", "r4", "r5"):
                return True
            self._note(step, index, one)
            return False
        if one.kind == "store":
            written = self._written(one)
            if not written:
                return True
            self._note(step, index, one)
            self.place = f"r{one.src}"
            # If a store writes only some of the bytes, the value does not come from a single
            # register.
            return one.src is not None and written == self.size
        if one.dst is None or place != f"r{one.dst}":
            return True
        self._note(step, index, one)
        if one.kind == "move":
            self.place = f"r{one.src}"
        elif one.kind == "load" and one.memory is not None and one.memory.base == _FP:
            self.place, self.size = f"fp{one.memory.off}", one.memory.size
        else:
            return one.kind == "arithmetic"
        return True

    def _written(self, one: Effect) -> int:
        """Return how many bytes of the current location a store writes (0 for a register)."""
        if not self.place.startswith("fp") or one.memory is None or one.memory.base != _FP:
            return 0
        off, begin = int(self.place[2:] or 0), one.memory.off
        return max(min(off + self.size, begin + one.memory.size) - max(off, begin), 0)

    def _note(self, step: Step, index: int, one: Effect) -> None:
        self.found.append(Origin(step, self.place, one, index))


def known(path: Path, register: int, at: int = 0) -> Value | None:
    """Return what the verifier knew about a register before ``path[at]``, or None if unknown."""
    depth, names = path[at].depth, (f"R{register}=", f"R{register}_")
    for index in range(at + 1, at + _FARTHEST):
        try:
            step = path[index]
        except IndexError:
            break
        if path[index - 1].depth == depth:
            for text in reversed(step.after):
                # Parsing is expensive, and most states do not mention this register.
                if names[0] in text or names[1] in text:
                    found = parse_state(text).registers.get(register)
                    if found is not None:
                        return found
        if step.depth == depth and effect(step.text).dst == register:
            return None
        if step.depth < depth:
            return None
    return _in_first_state(path, register, depth)


def _in_first_state(path: Path, register: int, depth: int) -> Value | None:
    if depth:
        return None
    for text in reversed(path.before):
        state = parse_state(text)
        if register in state.registers:
            return state.registers[register]
    return None


def slot_known(path: Path, off: int, at: int = 0) -> StackSlot | None:
    """Return what the verifier knew about the stack slot at fp + ``off`` (-8, -16, ...)."""
    depth = path[at].depth
    for index in range(at + 1, at + _FARTHEST):
        try:
            step = path[index]
        except IndexError:
            return None
        if path[index - 1].depth == depth:
            for text in reversed(step.after):
                if f"fp{off}" in text and (slot := parse_state(text).stack.get(off)):
                    return slot
        if step.depth < depth:
            return None
    return None
