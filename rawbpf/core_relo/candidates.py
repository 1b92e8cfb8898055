"""Which of a kernel's types may be the one that a program means: all of its name and kind.

The kernel image is asked first, modules only if it has none. More than one is no rarity: two
drivers have a struct of the same name. It is only an error if they give different answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.core_relo.compatible import kinds_compatible
from rawbpf.core_relo.names import ENUMS, essential, name_of
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_KIND_ENUM, BTF_KIND_ENUM64

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from rawbpf.asm.instruction import CoreRelocation
    from rawbpf.btf import types as t
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.decision import Decision

__all__ = ["Candidate", "Targets"]

_MOST = 100
"""Types of one name: every record about it asks all of them."""


_ENUMS = (BTF_KIND_ENUM, BTF_KIND_ENUM64)


class Candidate(NamedTuple):
    """A type of the kernel, or of ``module``."""

    btf: Btf
    type_id: int
    module: str = ""


def _no_modules() -> Mapping[str, Btf]:
    return {}


class Targets:
    """The types of a kernel, for one object. ``modules``: called when its own do not answer.

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
        """By record, and how many candidates were left: what ``relocate`` made of it."""

    def of(self, type_id: int, record: t.Type) -> list[Candidate]:
        """The candidates for a type of the object. The list is kept: what narrows it lasts.

        It lasts for this type. A flavour of it may well mean another of the candidates.
        """
        if type_id not in self._known:
            self._known[type_id] = self._find(record)
        return self._known[type_id]

    def left(self, type_id: int) -> int:
        """How many candidates there still are; 0 if nobody asked yet."""
        return len(self._known.get(type_id, ()))

    def _find(self, record: t.Type) -> list[Candidate]:
        name = essential(name_of(record))
        found = [
            Candidate(self._btf, one) for one in _ids(self._btf, self._btf.find_ids, name, record)
        ]
        found = found or list(self._in_modules(name, record))
        if len(found) > _MOST:
            what = f"{len(found)} types are called {name!r}"
            raise FormatError(what, why="no kernel has so many")
        return found

    def _in_modules(self, name: str, record: t.Type) -> Iterator[Candidate]:
        for module, btf in self._modules().items():
            # The image's own have been looked at.
            for type_id in _ids(btf, btf.own_ids, name, record):
                yield Candidate(btf, type_id, module)


def _ids(
    btf: Btf, find: Callable[[str, Collection[int]], list[int]], name: str, record: t.Type
) -> list[int]:
    """Types of that name, whatever their flavour, and of that kind."""
    names = [name, *btf.strings.flavours(name)]
    kinds = _ENUMS if isinstance(record, ENUMS) else (record.kind,)
    found = [one for each in names if essential(each) == name for one in find(each, kinds)]
    return sorted(one for one in set(found) if kinds_compatible(btf[one], record))
