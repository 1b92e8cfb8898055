"""Compare types in two BTFs by the rules of CO-RE.

Flavours in type names are ignored.

``fields_compatible`` decides whether the last step of a path may access the field.
``types_compatible`` decides whether a type exists; all structs with the same name are compatible,
since accesses to members have their own records. ``types_match`` is a strict comparison, which
includes members, sizes and signs.

Damaged types may contain themselves, so all three functions stop at a depth of 32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import MAX_DEPTH, strip
from rawbpf.core_relo.access import ENUMS, STRUCTS, essential, name_of
from rawbpf.uapi.btf import BTF_INT_SIGNED

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["fields_compatible", "kinds_compatible", "same_name", "types_compatible", "types_match"]


def kinds_compatible(one: t.Type, other: t.Type) -> bool:
    """Return whether two kinds are equal; Enum and Enum64 (6.0) count as one kind."""
    return type(one) is type(other) or (isinstance(one, ENUMS) and isinstance(other, ENUMS))


def same_name(one: str, other: str) -> bool:
    """Return whether two names are equal except for their flavours."""
    return essential(one) == essential(other)


def fields_compatible(a: Btf, a_id: int, b: Btf, b_id: int) -> bool:
    """Return whether code that reads a field of the first type can be patched to read the second.

    Integers may differ in size and sign, and pointers in their target types.
    """
    for _ in range(MAX_DEPTH):
        one, other = a[strip(a, a_id)], b[strip(b, b_id)]
        if isinstance(one, STRUCTS) and isinstance(other, STRUCTS):
            return True
        if not kinds_compatible(one, other):
            return False
        if isinstance(one, t.Array) and isinstance(other, t.Array):
            a_id, b_id = one.type_id, other.type_id
            continue
        if isinstance(one, t.Fwd | t.Enum | t.Enum64):
            names = essential(name_of(one)), essential(name_of(other))
            return not all(names) or names[0] == names[1]
        if isinstance(one, t.Int) and isinstance(other, t.Int):
            return not one.offset and not other.offset
        return isinstance(one, t.Ptr | t.Float)
    return False


def types_compatible(a: Btf, a_id: int, b: Btf, b_id: int) -> bool:
    """Return whether two types have the same kind and shape, without comparing members."""
    kinds = kinds_compatible(a[a_id], b[b_id])
    return kinds and _Compatible(a, b).types(a_id, b_id, MAX_DEPTH)


class _Compatible:
    """Compares each pair of types only once, because function parameters branch at every level."""

    def __init__(self, a: Btf, b: Btf) -> None:
        self.a, self.b = a, b
        self._known: dict[tuple[int, int], bool] = {}

    def types(self, a_id: int, b_id: int, depth: int) -> bool:
        pair = strip(self.a, a_id), strip(self.b, b_id)
        if pair not in self._known:
            self._known[pair] = (
                False  # the maximum depth, because damaged types may contain themselves
            )
            self._known[pair] = depth > 0 and self._compare(*pair, depth - 1)
        return self._known[pair]

    def _compare(self, a_id: int, b_id: int, depth: int) -> bool:
        one, other = self.a[a_id], self.b[b_id]
        if not kinds_compatible(one, other):
            return False
        if isinstance(one, t.Int) and isinstance(other, t.Int):
            return not one.offset and not other.offset
        if isinstance(one, t.Ptr | t.Array) and isinstance(other, t.Ptr | t.Array):
            return self.types(one.type_id, other.type_id, depth)
        if isinstance(one, t.FuncProto) and isinstance(other, t.FuncProto):
            pairs = _signature(one, other)
            return pairs is not None and all(self.types(i, j, depth) for i, j in pairs)
        return isinstance(one, t.Void | t.Fwd | t.Enum | t.Enum64 | t.Struct | t.Union)


def _signature(one: t.FuncProto, other: t.FuncProto) -> list[tuple[int, int]] | None:
    """Return pairs of parameter and return types, or None if the parameter counts differ."""
    if len(one.params) != len(other.params):
        return None
    pairs = [(p.type_id, q.type_id) for p, q in zip(one.params, other.params, strict=True)]
    return [*pairs, (one.type_id, other.type_id)]


def types_match(a: Btf, a_id: int, b: Btf, b_id: int) -> bool:
    """Return whether the second type contains all members of the first, in any order."""
    return _Match(a, b).types(a_id, b_id, behind_pointer=False, depth=MAX_DEPTH)


class _Match:
    def __init__(self, a: Btf, b: Btf) -> None:
        self.a, self.b = a, b
        # the maximum number of comparisons, because malicious types branch at every level
        self._left = 100_000

    def types(self, a_id: int, b_id: int, *, behind_pointer: bool, depth: int) -> bool:
        one, other = self.a[strip(self.a, a_id)], self.b[strip(self.b, b_id)]
        self._left -= 1
        if depth <= 0 or self._left < 0 or not self._names(one, other):
            return False
        if isinstance(one, t.Fwd):
            return _forward(one, other, behind_pointer=behind_pointer)
        if isinstance(one, STRUCTS):
            if behind_pointer:
                return _behind(one, other)
            return type(one) is type(other) and self._members(one, other, depth)
        if isinstance(one, t.Enum | t.Enum64):
            return isinstance(other, t.Enum | t.Enum64) and _enumerators(one, other)
        return type(one) is type(other) and self._plain(one, other, behind_pointer, depth)

    def _names(self, one: t.Type, other: t.Type) -> bool:
        return same_name(name_of(one), name_of(other))

    def _plain(self, one: t.Type, other: t.Type, behind_pointer: bool, depth: int) -> bool:
        if isinstance(one, t.Int) and isinstance(other, t.Int):
            signs = one.encoding & BTF_INT_SIGNED, other.encoding & BTF_INT_SIGNED
            return one.size == other.size and signs[0] == signs[1]
        if isinstance(one, t.Ptr) and isinstance(other, t.Ptr):
            return self.types(one.type_id, other.type_id, behind_pointer=True, depth=depth - 1)
        if isinstance(one, t.Array) and isinstance(other, t.Array):
            return one.length == other.length and self.types(
                one.type_id, other.type_id, behind_pointer=behind_pointer, depth=depth - 1
            )
        if isinstance(one, t.FuncProto) and isinstance(other, t.FuncProto):
            pairs = _signature(one, other)
            return pairs is not None and all(
                self.types(i, j, behind_pointer=behind_pointer, depth=depth - 1) for i, j in pairs
            )
        return isinstance(one, t.Void)

    def _members(self, one: t.Type, other: t.Type, depth: int) -> bool:
        """Return whether each member also exists in the other type."""
        assert isinstance(one, STRUCTS)
        assert isinstance(other, STRUCTS)
        return len(one.members) <= len(other.members) and all(
            any(
                same_name(m.name, n.name)
                and self.types(m.type_id, n.type_id, behind_pointer=False, depth=depth - 1)
                for n in other.members
            )
            for m in one.members
        )


def _forward(one: t.Fwd, other: t.Type, *, behind_pointer: bool) -> bool:
    if isinstance(other, t.Fwd):
        return one.is_union == other.is_union
    return behind_pointer and isinstance(other, t.Union if one.is_union else t.Struct)


def _behind(one: t.Type, other: t.Type) -> bool:
    """Compare the targets of two pointers, either of which may be a forward declaration."""
    if isinstance(other, t.Fwd):
        return isinstance(one, t.Union) == other.is_union
    return type(one) is type(other)


def _enumerators(one: t.Enum | t.Enum64, other: t.Enum | t.Enum64) -> bool:
    """Return whether each enumerator also exists in the other enum, whatever its value."""
    names = {essential(value.name) for value in other.values}
    return one.size == other.size and all(essential(value.name) in names for value in one.values)
