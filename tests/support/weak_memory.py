"""A small model of a processor that reorders memory accesses, such as arm64.

A thread is a sequence of accesses. ``outcomes`` executes threads in all possible orders: the
threads interleave, and within a thread, two accesses may be executed in either order unless a rule
forbids it. The rules are those of the arm64 memory model (the "Arm Architecture Reference Manual",
B2.3), with two simplifications. Dependencies order nothing unless an access says so, so the model
permits more orders than the hardware, and stores become visible to all threads at once, which arm64
guarantees ("multi-copy atomicity").

``Recorder`` provides memory that records the accesses of real code, so that a test checks the
accesses that a ring's cursor really makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORD = 8


class Access(NamedTuple):
    """A load, a store or a fence. ``place`` names a word of memory.

    ``value`` is the value to store. For a load, it is the value that the thread's path requires, or
    None for a load whose value is part of the outcome. ``acquire`` orders a load before all later
    accesses, ``release`` orders all earlier accesses before a store, and ``decides`` orders a load
    before all later stores (a control dependency).
    """

    kind: str
    place: str = ""
    value: int | None = None
    acquire: bool = False
    release: bool = False
    decides: bool = False


FENCE = Access("fence")


def load(place: str, value: int | None = None, **order: bool) -> Access:
    return Access("load", place, value, **order)


def store(place: str, value: int, **order: bool) -> Access:
    return Access("store", place, value, **order)


def _is_ordered(first: Access, second: Access) -> bool:
    """Return whether two accesses of a thread are executed in the order of the program."""
    return (
        "fence" in (first.kind, second.kind)
        or first.place == second.place
        or first.acquire
        or second.release
        or (first.decides and second.kind == "store")
    )


def _predecessors(thread: Sequence[Access]) -> list[int]:
    """Return, for each access, the set of accesses that are executed before it, as bits."""
    return [
        sum(1 << i for i in range(j) if _is_ordered(thread[i], access))
        for j, access in enumerate(thread)
    ]


def outcomes(threads: Sequence[Sequence[Access]], memory: dict[str, int]) -> set[tuple[int, ...]]:
    """Return the values that the loads without a required value see, in the order of the program.

    Executions that leave the path, because a load does not see the required value, do not count.
    """
    before = [_predecessors(thread) for thread in threads]
    everything = tuple((1 << len(thread)) - 1 for thread in threads)
    names = [
        (number, i)
        for number, thread in enumerate(threads)
        for i, access in enumerate(thread)
        if access.kind == "load" and access.value is None
    ]
    found, seen = set[tuple[int, ...]](), set[object]()
    waiting = [((0,) * len(threads), tuple(sorted(memory.items())), ())]
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        done, words, loaded = state
        if done == everything:
            found.add(tuple(dict(loaded)[name] for name in names))
        for number, thread in enumerate(threads):
            for i, access in enumerate(thread):
                bit = 1 << i
                if done[number] & bit or before[number][i] & ~done[number]:
                    continue
                after = _execute(access, (number, i), dict(words), dict(loaded))
                if after is not None:
                    mask = (*done[:number], done[number] | bit, *done[number + 1 :])
                    waiting.append((mask, *after))
    return found


def _execute(access, name, words, loaded):
    """Return memory and loaded values after an access, or None if the thread leaves its path."""
    if access.kind == "store":
        words[access.place] = access.value
    elif access.kind == "load" and access.value is None:
        loaded[name] = words[access.place]
    elif access.kind == "load" and words[access.place] != access.value:
        return None
    return tuple(sorted(words.items())), tuple(sorted(loaded.items()))


class Recorder:
    """Memory that records accesses in ``accesses``, as words named ``NAME+OFFSET``.

    The memory behaves like a memoryview, as far as the ring cursors use one. Copied bytes are
    loads without a required value; other loads decide the path, so their values are required.
    """

    def __init__(
        self, name: str, memory: memoryview, accesses: list[Access], start: int = 0
    ) -> None:
        self._name, self._memory, self._start = name, memory, start
        self._accesses = accesses

    def __len__(self) -> int:
        return len(self._memory)

    def cast(self, form: str) -> Recorder:
        return Recorder(self._name, self._memory.cast(form), self._accesses, self._start)

    def __getitem__(self, key):
        if isinstance(key, slice):
            start = self._start + (key.start or 0) * self._memory.itemsize
            return Recorder(self._name, self._memory[key], self._accesses, start)
        value = self._memory[key]
        self._accesses.append(load(self._place(key), value))
        return value

    def __setitem__(self, key: int, value: int) -> None:
        self._memory[key] = value
        self._accesses.append(store(self._place(key), value))

    def __bytes__(self) -> bytes:
        self._accesses.extend(load(place) for place in self._places())
        return bytes(self._memory)

    def _places(self) -> Iterator[str]:
        for offset in range(0, len(self._memory), WORD):
            yield f"{self._name}+{self._start + offset}"

    def _place(self, index: int) -> str:
        offset = self._start + index * self._memory.itemsize
        return f"{self._name}+{offset - offset % WORD}"


def without_fence(thread: Sequence[Access], number: int) -> list[Access]:
    """Return a thread without its fence of this number."""
    (*_, at) = [i for i, access in enumerate(thread) if access == FENCE][: number + 1]
    return [access for i, access in enumerate(thread) if i != at]
