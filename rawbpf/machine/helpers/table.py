"""One table: the number of a helper -> its Python, and how its arguments are read.

    @helper("map_update_elem", MAP, KEY, VALUE, NUMBER)
    def map_update_elem(machine, map_, key, value, flags): ...

The kinds (`arguments.py`) turn r1 to r5 into Python values, and stop the program where the kernel's
verifier would have refused it. What the function returns becomes r0, a negative number as two's
complement; None, for helpers that return nothing, leaves r0 unset. One that calls back is a
generator, see `frames.py`.

>>> from rawbpf.machine.helpers import maps
>>> name, kinds, function = TABLE[3]
>>> name, [kind.__name__ for kind in kinds]
('map_delete_elem', ['MAP', 'KEY'])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.uapi.bpf_helpers import HELPERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.helpers.arguments import Kind

__all__ = ["TABLE", "Implementation", "helper"]


class Implementation(NamedTuple):
    """A helper that the machine has."""

    name: str
    kinds: tuple[Kind, ...]
    function: Callable[..., Any]


TABLE: dict[int, Implementation] = {}
"""By number. Filled by the modules beside this one."""


def helper(*names_and_kinds: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401 -- both
    """Put a function into the table, under one name or several, with its arguments' kinds."""
    names = [word for word in names_and_kinds if isinstance(word, str)]
    kinds = tuple(names_and_kinds[len(names) :])

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            number = HELPERS[name].number
            if number in TABLE:
                raise ValueError(f"{name} is in the table already")
            TABLE[number] = Implementation(name, kinds, function)
        return function

    return enter
