"""The helper table, which maps a helper number to a Python function and its argument readers.

    @helper("map_update_elem", MAP, KEY, VALUE, NUMBER)
    def map_update_elem(state, map_, key, value, flags): ...

An *argument reader* (NUMBER, MAP, ...) takes the values it needs from the remaining registers among
r1 to r5, and appends Python values to the helper's arguments. Where the kernel's verifier requires
a proof, for example that an argument is the context pointer, the argument reader checks the value
and raises MachineError if it is invalid.

The helper's return value becomes r0; a negative return value is stored as two's complement. A
helper without a return value returns None, which leaves r0 unset. A helper that takes a callback is
a generator (see `frames.py`).

>>> from rawbpf.machine.helpers import maps
>>> name, readers, function = TABLE[3]
>>> name, [reader.__name__ for reader in readers]
('map_delete_elem', ['MAP', 'KEY'])
"""

# ruff: noqa: N802 -- in the decorators these read as the constants that they are

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.machine.arithmetic import MASK
from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from rawbpf.machine.state import State

__all__ = [
    "BUFFER", "BYTES", "CONTEXT", "FUNCTION", "INDEX", "KEY", "MAP", "NUMBER", "TABLE", "VALUE",
    "VALUE_BUFFER", "VARIADIC", "ArgumentReader", "Implementation", "helper",
]  # fmt: skip

ArgumentReader = Callable[["State", Iterator[int], list[Any]], None]
"""A function that appends the values of one or more registers to the helper's arguments."""


class Implementation(NamedTuple):
    """A helper that the interpreter implements."""

    name: str
    readers: tuple[ArgumentReader, ...]
    function: Callable[..., Any]


TABLE: dict[int, Implementation] = {}
"""Maps a helper number to its implementation.

The table is filled when the other modules of this package are imported."""


def helper(*names_and_readers: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401 -- both
    """Return a decorator that registers a function under the given helper names."""
    names = [word for word in names_and_readers if isinstance(word, str)]
    readers = tuple(names_and_readers[len(names) :])

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            number = HELPERS[name].number
            if number in TABLE:
                raise ValueError(f"{name} is already in the table")
            TABLE[number] = Implementation(name, readers, function)
        return function

    return enter


def NUMBER(_state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a 64-bit number from one register."""
    arguments.append(next(registers) & MASK[64])


def VARIADIC(_state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a number from a register that may be unset.

    Using the value raises an error in that case, because it is `Unset`.
    """
    arguments.append(next(registers))


def INDEX(_state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a 32-bit number from one register; the kernel ignores the upper half."""
    arguments.append(next(registers) & MASK[32])


def CONTEXT(state: State, registers: Iterator[int], _arguments: list[Any]) -> None:
    """Check that the register contains the program's context pointer, and append no argument."""
    state.require_context(next(registers), "this argument")


def MAP(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a pointer to a map and append the map."""
    arguments.append(state.maps.at(next(registers)))


def KEY(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a pointer to a key of the preceding map and append the key's bytes."""
    arguments.append(bytes(state.memory.view(next(registers), arguments[0].spec.key_size)))


def VALUE(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a pointer to a value of the preceding map and append the value's bytes."""
    arguments.append(bytes(state.memory.view(next(registers), arguments[0].spec.value_size)))


def VALUE_BUFFER(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a pointer to memory for a value of the preceding map, and append a writable view."""
    size = arguments[0].spec.value_size
    arguments.append(state.memory.view(next(registers), size, "writes"))


def BYTES(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read an address and a size from two registers and append the bytes, which may be empty."""
    address, size = next(registers), next(registers) & MASK[32]
    arguments.append(bytes(state.memory.view(address, size)) if size else b"")


def BUFFER(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read an address and a size from two registers and append a writable view of the memory."""
    address, size = next(registers), next(registers) & MASK[32]
    empty = memoryview(bytearray())
    arguments.append(state.memory.view(address, size, "writes") if size else empty)


def FUNCTION(state: State, registers: Iterator[int], arguments: list[Any]) -> None:
    """Read a pointer to a BPF function, for use as a callback, and append the function's index."""
    arguments.append(state.code.function_at(next(registers)))
