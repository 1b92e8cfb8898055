"""What an object has by name. A wrong name is an error that offers the near ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from rawbpf.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Named", "unknown"]

T = TypeVar("T")


class Named(dict[str, T]):
    """The maps, say, of an object: a dict that has more to say of a name that is not in it.

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
            why, fix = "nothing is loaded", "call load() first"
            raise UnknownNameError(f"there is no {self._word} {name!r}", why=why, fix=fix)
        raise unknown(f"the object has no {self._word} {name!r}", name, self)


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not among these."""
    return UnknownNameError(what, fix=did_you_mean(name, known))
