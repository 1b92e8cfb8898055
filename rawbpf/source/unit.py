"""Assemble one program or function of a file from statements into instructions.

Assembling takes two passes. The first pass computes only the lengths of instructions, to assign a
slot to each label. In the second pass, all labels, maps, variables and functions of the file are
known, so names may be used before they are defined.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.grammar import Statement
from rawbpf.asm.instruction import LD_IMM64, Reference, Source
from rawbpf.asm.kinds import Name
from rawbpf.asm.parse import encode_statement
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.asm.grammar import Operand
    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.tokens import Line
    from rawbpf.errors import AssemblyError

__all__ = ["Symbols", "Unit"]


class Symbols(NamedTuple):
    """The names defined in a file: maps, functions, and variables with their section and offset."""

    maps: Mapping[str, object]
    functions: Mapping[str, object]
    variables: Mapping[str, tuple[str, int]]


class Unit:
    """A program or function while the file is being read."""

    def __init__(self, name: str, line: Line) -> None:
        self.name = name
        self.line = line
        self._statements: list[tuple[Statement, Line, int]] = []
        self._slots: list[int] = []
        self._slot = 0
        self.labels: dict[str, int] = {}

    def append(self, statement: Statement, line: Line, column: int) -> None:
        """Append the instruction that starts at the given column of a line."""
        self._statements.append((statement, line, column))
        self._slots.append(self._slot)
        self._slot += 2 if statement.form.opcode == LD_IMM64 else 1

    def label(self, name: str) -> None:
        """Define a label at the next instruction."""
        self.labels[name] = self._slot

    def program(self, symbols: Symbols) -> Bytecode:
        """Return the code; calls of other functions are references for ``asm.link`` to resolve."""
        if not self._statements:
            raise self.line.error(f"{self.name!r} is empty", 1, "instructions")
        instructions = tuple(
            _Resolver(self, symbols, line, slot).instruction(statement, column)
            for slot, (statement, line, column) in zip(self._slots, self._statements, strict=True)
        )
        return Bytecode(self.name, instructions, (Function(self.name, 0),))


class _Resolver:
    """Resolves the names in a statement to numbers or references."""

    def __init__(self, unit: Unit, symbols: Symbols, line: Line, slot: int) -> None:
        self.unit, self.symbols, self.line, self.slot = unit, symbols, line, slot
        self.reference: Reference | None = None

    def instruction(self, statement: Statement, column: int) -> Instruction:
        """Return the instruction with its reference and source line."""
        source, operands = statement.form.src, dict(statement.operands)
        for field, operand in statement.operands.items():
            if isinstance(operand.value, Name):
                number, source = self._resolve(operand, operand.value, source)
                operands[field] = operand._replace(value=number)
        if self.reference is not None and self.reference.kind == "map_value":
            high = operands.pop("high", None)
            if high is not None and isinstance(high.value, int):
                addend = self.reference.addend + high.value
                self.reference = self.reference._replace(addend=addend)
        encoded = encode_statement(Statement(statement.form, operands), self.line)
        return encoded._replace(
            src=source or encoded.src,
            reference=self.reference,
            source=Source(self.line.file, self.line.number, self.line.text.strip(), column),
        )

    def _resolve(self, operand: Operand, name: Name, source: int) -> tuple[int | Name, int]:
        """Return the number or reference for a name, and the src value that identifies its kind."""
        if operand.kind == "target":
            return self._label(operand, name), source
        if operand.kind in ("helper", "callee"):
            return self._callee(operand, name, source)
        if operand.kind == "id":
            self.reference = Reference("kfunc", name.text)
            return 0, source
        if operand.kind == "i64":
            return self._address(operand, name)
        return self._number(operand, name, source)

    def _label(self, operand: Operand, name: Name) -> int:
        labels = self.unit.labels
        if name.text not in labels:
            near = " or ".join(get_close_matches(name.text, labels, n=2))
            what = f"{self.unit.name!r} has no label {name.text!r}"
            raise self.line.error(what, operand.column, near)
        return labels[name.text] - (self.slot + 1)

    def _callee(self, operand: Operand, name: Name, source: int) -> tuple[int | Name, int]:
        """Resolve a function name; a function in the file takes precedence over a helper."""
        if name.text in self.symbols.functions:
            self.reference = Reference("function", name.text)
            return 0, source or isa.BPF_PSEUDO_CALL
        if operand.kind == "helper":
            return name, source  # encode_statement looks up the names of helpers
        near = " or ".join(get_close_matches(name.text, self.symbols.functions, n=2))
        what = f"unknown function {name.text!r}"
        raise self.line.error(what, operand.column, near or "the name of a .function")

    def _address(self, operand: Operand, name: Name) -> tuple[int, int]:
        """Resolve ``r1 = name ll``, where the name is a map, a variable or a function."""
        text, addend = name
        if text in self.symbols.variables:
            section, offset = self.symbols.variables[text]
            self.reference = Reference("map_value", section, offset + addend)
            return 0, isa.BPF_PSEUDO_MAP_VALUE
        if text in self.symbols.maps and not addend:
            self.reference = Reference("map", text)
            return 0, isa.BPF_PSEUDO_MAP_FD
        if text in self.symbols.functions and not addend:
            self.reference = Reference("function", text)
            return 0, isa.BPF_PSEUDO_FUNC
        raise self._unknown(operand, name, "a map, a variable, a function or a constant")

    def _number(self, operand: Operand, name: Name, source: int) -> tuple[int, int]:
        """Resolve operands such as ``map_by_fd(name)``; other numbers cannot be names."""
        if source in (isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_VALUE):
            if name.text not in self.symbols.maps or name.addend:
                raise self._unknown(operand, name, "the name of a .map")
            kind = "map" if source == isa.BPF_PSEUDO_MAP_FD else "map_value"
            self.reference = Reference(kind, name.text)
            return 0, source
        if source == isa.BPF_PSEUDO_BTF_ID and not name.addend:
            self.reference = Reference("ksym", name.text)
            return 0, source
        raise self._unknown(operand, name, "a number, or a constant that .equ defines")

    def _unknown(self, operand: Operand, name: Name, expected: str) -> AssemblyError:
        known = (*self.symbols.maps, *self.symbols.variables, *self.symbols.functions)
        near = " or ".join(get_close_matches(name.text, known, n=2))
        return self.line.error(f"unknown name {name.text!r}", operand.column,
                               near or expected)  # fmt: skip
