"""Sort the definitions in a header by dependency.

C requires a complete type where the size matters (a member, an array element, a typedef of a
typedef), but only a declaration after a pointer or in a prototype. Each definition therefore has
*needs*: named types that must be defined before it, and structs that must be declared before it.
Anonymous types are part of the definition that contains them.

Definitions are sorted by a depth-first search. The search uses its own stack, because a blob may
contain chains longer than Python's recursion limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.declare import Budget

__all__ = ["Step", "definitions", "is_definition"]


class Step(NamedTuple):
    """A step in the output, which either defines or only declares type ``type_id``."""

    type_id: int
    declare: bool


class Needs(NamedTuple):
    """The IDs of types that must be defined or declared before a definition."""

    defined: dict[int, None]
    declared: dict[int, None]


def is_definition(record: t.Type) -> bool:
    """Return whether a type needs its own definition because it has a name in C."""
    named = (t.Struct, t.Union, t.Enum, t.Enum64, t.Typedef)
    return isinstance(record, named) and record.name != ""


def _needs(btf: Btf, type_id: int, budget: Budget) -> Needs:
    """Return the types that must precede the definition of ``type_id``."""
    found = Needs({}, {})
    record = btf[type_id]
    if isinstance(record, t.Struct | t.Union):
        todo = [(member.type_id, True) for member in record.members]
    elif isinstance(record, t.Typedef | t.Func | t.Var):
        todo = [(record.type_id, False)]
    else:
        todo = []
    seen = set()
    while todo:
        item = todo.pop()
        if item not in seen:
            seen.add(item)
            budget.spend(1)
            todo += _reach(btf, *item, found)
    return found


def _reach(btf: Btf, type_id: int, complete: bool, found: Needs) -> list[tuple[int, bool]]:
    """Record what a use of ``type_id`` needs, and return the types that this type uses in turn.

    ``complete`` means that the size of the type matters for this use.
    """
    record = btf[type_id]
    if isinstance(record, t.Typedef):
        found.defined[type_id] = None
        # Declaring the name is not enough, because a typedef of an incomplete struct is itself
        # incomplete.
        return [(record.type_id, True)] if complete else []
    if is_definition(record):
        weak = isinstance(record, t.Struct | t.Union) and not complete
        (found.declared if weak else found.defined)[type_id] = None
        return []
    if isinstance(record, t.Struct | t.Union):
        return [(member.type_id, True) for member in record.members]
    if isinstance(record, t.Array):
        return [(record.type_id, True)]
    if isinstance(record, t.Ptr):
        return [(record.type_id, False)]
    if isinstance(record, t.FuncProto):
        return [(record.type_id, False), *((p.type_id, False) for p in record.params)]
    if isinstance(record, t.Const | t.Volatile | t.Restrict | t.TypeTag):
        return [(record.type_id, complete)]
    if isinstance(record, t.Fwd):
        found.declared[type_id] = None
    return []


def definitions(btf: Btf, roots: Iterable[int], budget: Budget) -> Iterator[Step]:
    """Yield the given types, and all types that they need, in an order that C accepts.

    Raises FormatError if a type contains itself.
    """
    order = _Order(btf, budget)
    for root in roots:
        yield from order.walk(root)


class _Order:
    """The depth-first search; ``_done`` is False for definitions that are still in progress."""

    def __init__(self, btf: Btf, budget: Budget) -> None:
        self._btf, self._budget = btf, budget
        self._done: dict[int, bool] = {}
        self._declared: set[int] = set()

    def walk(self, root: int) -> Iterator[Step]:
        if root in self._done:
            return
        stack = [self._enter(root)]
        while stack:
            type_id, wanted, required = stack[-1]
            following = next(wanted, None)
            if following is None:
                stack.pop()
                yield from self._declare(required.declared)
                self._done[type_id] = True
                yield Step(type_id, declare=False)
            elif following not in self._done:
                stack.append(self._enter(following))
            elif not self._done[following]:
                raise FormatError("circular BTF", why=f"type {following} contains itself")

    def _enter(self, type_id: int) -> tuple[int, Iterator[int], Needs]:
        self._done[type_id] = False
        found = _needs(self._btf, type_id, self._budget)
        found.declared.pop(
            type_id, None
        )  # the opening brace of the definition declares the type's own tag
        return type_id, iter(found.defined), found

    def _declare(self, ids: Iterable[int]) -> Iterator[Step]:
        for type_id in ids:
            if type_id not in self._declared and not self._done.get(type_id):
                self._declared.add(type_id)
                yield Step(type_id, declare=True)
