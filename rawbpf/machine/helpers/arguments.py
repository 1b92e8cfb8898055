"""Kinds of arguments: from registers to Python values.

A kind takes what it needs from the registers that are left, and passes to the helper what the
helper needs. Where the kernel's verifier wants to see proof (a pointer to the context, so many
bytes that are there), the machine looks.
"""

# ruff: noqa: N802 -- in the table these read as the constants that they are

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rawbpf.machine.arithmetic import MASK

if TYPE_CHECKING:
    from rawbpf.machine.machine import Machine

__all__ = [
    "BYTES", "CONTEXT", "FUNCTION", "INDEX", "KEY", "MAP", "NUMBER", "ROOM",
    "VALUE", "VALUE_ROOM", "VARIADIC", "Kind",
]  # fmt: skip

Kind = Callable[["Machine", Iterator[int], list[Any]], None]
"""Takes from the registers; appends to what is passed."""


def NUMBER(_machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """A number of 64 bits."""
    passed.append(next(registers) & MASK[64])


def VARIADIC(_machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """A number that may be missing: then it is an `Unset`, and using it stops the program."""
    passed.append(next(registers))


def INDEX(_machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """A number of 32 bits; the kernel ignores the others."""
    passed.append(next(registers) & MASK[32])


def CONTEXT(machine: Machine, registers: Iterator[int], _passed: list[Any]) -> None:
    """The pointer that the program was called with. It is only checked."""
    machine.require_context(next(registers), "this argument")


def MAP(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """A map."""
    passed.append(machine.maps.at(next(registers)))


def KEY(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """The address of a key of the map before: its bytes."""
    passed.append(bytes(machine.memory.view(next(registers), passed[0].spec.key_size)))


def VALUE(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """The address of a value of the map before: its bytes."""
    passed.append(bytes(machine.memory.view(next(registers), passed[0].spec.value_size)))


def VALUE_ROOM(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """The same, to be written."""
    size = passed[0].spec.value_size
    passed.append(machine.memory.view(next(registers), size, "writes"))


def BYTES(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """Two registers, an address and a size: the bytes there. NULL and 0 are none."""
    address, size = next(registers), next(registers) & MASK[32]
    passed.append(bytes(machine.memory.view(address, size)) if size else b"")


def ROOM(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """Two registers, an address and a size: the same, to be written."""
    address, size = next(registers), next(registers) & MASK[32]
    passed.append(machine.memory.view(address, size, "writes") if size else memoryview(bytearray()))


def FUNCTION(machine: Machine, registers: Iterator[int], passed: list[Any]) -> None:
    """A function of the program, to be called back: its index."""
    passed.append(machine.code.function_at(next(registers)))
