"""An immutable instruction, with its fields, its encoding and its metadata.

An instruction is eight bytes long: opcode, src and dst in one byte, off, imm (drawn in
`uapi/bpf_insn.py`). The 64-bit constant load is sixteen bytes long and occupies two *slots*; jumps,
calls and the verifier count in slots. All fields are little-endian, as on every machine that rawbpf
supports.

>>> Instruction(0xB7, dst=0, imm=1).encode().hex(" ")
'b7 00 00 00 01 00 00 00'

Three additional fields hold metadata. Metadata moves with the instruction when other instructions
are inserted before it, so nothing has to be renumbered:

    reference    │ the map, function or variable whose number belongs in imm
    source       │ the line of source code
    relocation   │ the CO-RE record that says how imm or off depends on the kernel's types
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import accumulate

from rawbpf.errors import BytecodeError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi.bpf_insn import BPF_DW, BPF_IMM, BPF_LD

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LD_IMM64",
    "SLOT",
    "CoreRelocation",
    "Instruction",
    "Reference",
    "Source",
    "encode_all",
    "slots_of",
]

LD_IMM64 = BPF_LD | BPF_IMM | BPF_DW
"""Opcode of the only sixteen-byte instruction, which loads a 64-bit constant into dst."""

SLOT = 8
"""Size of a slot in bytes."""

_SLOT = struct.Struct("<BBhi")
_LOW_HALF = 0xFFFF_FFFF


class Source(NamedTuple):
    """The source line that an instruction was generated from.

    ``text`` is the text of the line, or None if it has to be read from ``file``. Line and column
    numbers are 1-based; column 0 means unknown.
    """

    file: str
    line: int
    text: str | None = None
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def read(self) -> str:
        """Return the line without indentation, or "" if the file cannot be read.

        A NUL is replaced by a space, because strings in BTF are NUL-terminated.
        """
        text = self.text
        if text is None:
            import linecache

            text = linecache.getline(self.file, self.line)
        return text.replace("\0", " ").strip()


_WORDS = {
    "map": "map",
    "map_value": "the value of map",
    "kfunc": "kernel function",
    "ksym": "kernel variable",
    "module_kfunc": "function of a module",
    "module_ksym": "variable of a module",
    "function": "function",
}


class Reference(NamedTuple):
    """A symbolic name whose number is not known until the program is loaded.

    kind            name                            number
    "map"           a map                           its file descriptor
    "map_value"     a map with one element          its file descriptor, ``addend`` as the offset
    "kfunc"         a kernel function               its BTF ID
    "ksym"          a kernel variable               its BTF ID
    "module_kfunc"  MODULE:FUNCTION, ID filled in   index of the module's BTF in fd_array
    "module_ksym"   MODULE:VARIABLE, ID filled in   file descriptor of the module's BTF
    "function"      a function to be linked         the distance to it
    """

    kind: str
    name: str
    addend: int = 0

    @property
    def words(self) -> str:
        """A description of the reference for error messages, such as ``map 'events'``."""
        return f"{_WORDS[self.kind]} {self.name!r}"

    @property
    def module(self) -> str:
        """The kernel module that defines the name, or "" if the reference is not to a module."""
        return self.name.partition(":")[0] if self.kind.startswith("module") else ""


class CoreRelocation(NamedTuple):
    """A CO-RE record: a query about the kernel's types that is resolved before loading.

    ``kind`` is a ``bpf_core_relo_kind`` number that has not been validated. ``access`` is the path
    from the type to a member, such as "0:1:2" (see ``core_relo.access``).
    """

    kind: int
    type_id: int
    access: str


class Instruction(NamedTuple):
    """An instruction: the five numeric fields that the kernel sees, and metadata.

    ``off`` is a signed 16-bit number, and ``imm`` is a signed 32-bit number. For the 64-bit
    constant, however, ``imm`` combines both imm fields into one unsigned number, with the first
    field in bits 0-31 and the second in bits 32-63.

    Metadata is included in ``==`` and ``hash``: two loads of different maps have identical bits
    until the file descriptors are known, but they are different instructions. Compare the results
    of ``bare()`` to compare bits only.
    """

    opcode: int
    dst: int = 0
    src: int = 0
    off: int = 0
    imm: int = 0
    reference: Reference | None = None
    source: Source | None = None
    relocation: CoreRelocation | None = None

    @property
    def slots(self) -> int:
        """The number of slots: 2 for the 64-bit constant, 1 for all other instructions."""
        return 2 if self.opcode == LD_IMM64 else 1

    def bare(self) -> Instruction:
        """Return the instruction without its metadata.

        >>> Instruction(0x95, source=Source("x.bpf.s", 3)).bare()
        Instruction(opcode=149, dst=0, src=0, off=0, imm=0)
        """
        return Instruction(*self[:5])

    def encode(self) -> bytes:
        """Encode the instruction as eight or sixteen bytes.

        Raises BytecodeError if a value does not fit into its field.
        """
        wide = self.opcode == LD_IMM64
        imm = _signed(self.imm & _LOW_HALF) if wide else self.imm
        try:
            # a value of 256 makes pack() fail; otherwise a dst above 15 would overflow into src
            registers = self.src << 4 | self.dst if 0 <= self.dst < 16 else 256
            first = _SLOT.pack(self.opcode, registers, self.off, imm)
            return first + _SLOT.pack(0, 0, 0, _signed(self.imm >> 32)) if wide else first
        except struct.error as error:
            what = f"a field of {self.bare()} is out of range"
            raise BytecodeError(what, why=str(error)) from None

    def __repr__(self) -> str:
        """Show the five numeric fields, and any metadata that is set."""
        shown = [
            f"{name}={value!r}"
            for index, (name, value) in enumerate(zip(self._fields, self, strict=True))
            if index < 5 or value is not None
        ]
        return f"Instruction({', '.join(shown)})"


def _signed(value: int) -> int:
    """Reinterpret an unsigned 32-bit number as the signed number in the imm field."""
    return value - (1 << 32) if value >> 31 else value


@lru_cache(maxsize=4096)
def _bytes_of(fields: tuple[int, int, int, int, int]) -> bytes:
    """Encode an instruction. Programs in the same object share most of their instructions."""
    return Instruction(*fields).encode()


def encode_all(instructions: Iterable[Instruction]) -> bytes:
    """Encode the instructions of a program.

    >>> len(encode_all([Instruction(0x18, imm=1 << 40), Instruction(0x95)]))
    24
    """
    return b"".join([_bytes_of(one[:5]) for one in instructions])


def slots_of(instructions: Iterable[Instruction]) -> list[int]:
    """Return the slot where each instruction starts, followed by the total number of slots.

    >>> slots_of([Instruction(0x18), Instruction(0x95)])
    [0, 2, 3]
    """
    widths = [2 if one.opcode == LD_IMM64 else 1 for one in instructions]
    return list(accumulate(widths, initial=0))
