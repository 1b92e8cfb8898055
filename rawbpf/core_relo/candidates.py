"""Candidates: the kernel types with the same name and kind as a type in the program.

Modules are searched only if the kernel image does not contain the type. Several candidates are
common, since two drivers may each define a struct with the same name. They are an error only if
they lead to different results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.core_relo.access import ENUMS, essential, name_of
from rawbpf.core_relo.compatible import kinds_compatible
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_KIND_ENUM, BTF_KIND_ENUM64

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from rawbpf.asm.instruction import CoreRelocation
    from rawbpf.btf import types as t
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.compute import Decision

__all__ = ["Candidate", "Targets"]

_MOST = 100
"""Maximum number of types with the same name.

Each record that refers to the name tries all of these types."""

_ENUMS = (BTF_KIND_ENUM, BTF_KIND_ENUM64)


class Candidate(NamedTuple):
    """A type in the kernel image, or in the module named ``module``."""

    btf: Btf
    type_id: int
    module: str = ""


def _no_modules() -> Mapping[str, Btf]:
    return {}


class Targets:
    """A kernel's types, as candidates for one object.

    ``modules`` returns BTF by module name, and is called at most once, when the kernel image lacks
    a type.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> kernel, local = BtfBuilder(), BtfBuilder()
    >>> kernel.add_struct("task", 4, [("pid", kernel.add_int("int", 4, signed=True), 0)])
    2
    >>> local.add_struct("task___mine", 0, [])
    1
    >>> local = Btf(local.encode())
    >>> [one.type_id for one in Targets(Btf(kernel.encode())).of(1, local[1])]
    [2]
    """

    def __init__(self, btf: Btf, modules: Callable[[], Mapping[str, Btf]] = _no_modules) -> None:
        self._btf, self._modules = btf, modules
        self._known: dict[int, list[Candidate]] = {}
        self.decided: dict[tuple[CoreRelocation, int], Decision] = {}
        """Results so far, keyed by record and by the number of candidates left at that time."""

    def of(self, type_id: int, record: t.Type) -> list[Candidate]:
        """Return the list of candidates for one of the object's types.

        Repeated calls return the same list object.

        Callers remove candidates that lack the path of a record, so later records for the same type
        do not try those candidates again. Other flavours of the type have separate lists.
        """
        if type_id not in self._known:
            self._known[type_id] = self._find(record)
        return self._known[type_id]

    def left(self, type_id: int) -> int:
        """Return the number of candidates left for a type, or 0 before its first lookup."""
        return len(self._known.get(type_id, ()))

    def _find(self, record: t.Type) -> list[Candidate]:
        name = essential(name_of(record))
        found = [
            Candidate(self._btf, one) for one in _ids(self._btf, self._btf.find_ids, name, record)
        ]
        found = found or list(self._in_modules(name, record))
        if len(found) > _MOST:
            what = f"{len(found)} types have the name {name!r}"
            raise FormatError(what, why=f"the limit is {_MOST}")
        return found

    def _in_modules(self, name: str, record: t.Type) -> Iterator[Candidate]:
        for module, btf in self._modules().items():
            # own_ids() excludes the types of the kernel image, which have already been searched.
            for type_id in _ids(btf, btf.own_ids, name, record):
                yield Candidate(btf, type_id, module)


def _ids(
    btf: Btf, find: Callable[[str, Collection[int]], list[int]], name: str, record: t.Type
) -> list[int]:
    """Return the types with the given name and kind, of any flavour."""
    names = [name, *btf.flavours(name)]
    kinds = _ENUMS if isinstance(record, ENUMS) else (record.kind,)
    found = [one for each in names if essential(each) == name for one in find(each, kinds)]
    return sorted(one for one in set(found) if kinds_compatible(btf[one], record))
