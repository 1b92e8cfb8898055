"""Dicts by name. A dict whose lookup errors suggest similar names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from rawbpf.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Named", "unknown"]

T = TypeVar("T")


class Named(dict[str, T]):
    """A dict of an object's maps, programs or links, with a helpful error for unknown names.

    >>> Named("map", {"counts": 1})["count"]
    Traceback (most recent call last):
    ...
    rawbpf.errors.UnknownNameError: the object has no map 'count'; did you mean counts?
    """

    def __init__(self, word: str, items: Mapping[str, T] | None = None) -> None:
        super().__init__(items or {})
        self._word = word

    def __missing__(self, name: str) -> NoReturn:
        if not self:
            why, fix = "the object is not loaded", "call load() first"
            raise UnknownNameError(f"no {self._word} {name!r}", why=why, fix=fix)
        raise unknown(f"the object has no {self._word} {name!r}", name, self)


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a name that is not in ``known``."""
    return UnknownNameError(what, fix=did_you_mean(name, known))
