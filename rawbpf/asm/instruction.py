"""An instruction as a value: its fields, its bytes, and metadata.

In memory an instruction has eight bytes: opcode, src and dst in one byte, off, imm (drawn in
`uapi/bpf_insn.py`). The 64-bit constant load is sixteen bytes long and fills two *slots*; jumps,
calls and the verifier count slots. All fields are little-endian, as on every machine that rawbpf
supports.

>>> Instruction(0xB7, dst=0, imm=1).encode().hex(" ")
'b7 00 00 00 01 00 00 00'

Three more fields hold metadata. They travel with the instruction when others are inserted before
it, so nothing has to be renumbered:

    reference     the map, function or variable whose number belongs in imm
    source        the line of source code
    relocation    the CO-RE record that says how imm or off depends on the kernel's types
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import BytecodeError
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
"""Opcode of the only instruction of sixteen bytes: load a 64-bit constant into dst."""

SLOT = 8
"""Size of a slot in bytes."""

_SLOT = struct.Struct("<BBhi")
_LOW_HALF = 0xFFFF_FFFF


class Source(NamedTuple):
    """The line of source code that an instruction was made from.

    ``text`` is the line itself, or None if it has to be read from ``file``. Lines and columns count
    from 1; column 0 means unknown.
    """

    file: str
    line: int
    text: str | None = None
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def read(self) -> str:
        """Return the line without its indentation, or "" if the file cannot be read.

        A NUL becomes a space, because texts in BTF end with NUL.
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
    """The name of something whose number is not known until the program is loaded.

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
        """The reference in words, for error messages: ``map 'events'``."""
        return f"{_WORDS[self.kind]} {self.name!r}"

    @property
    def module(self) -> str:
        """The kernel module that defines the name; "" for all kinds but the two of modules."""
        return self.name.partition(":")[0] if self.kind.startswith("module") else ""


class CoreRelocation(NamedTuple):
    """A CO-RE record: what to look up in the kernel's types before the program is loaded.

    ``kind`` is a number of ``bpf_core_relo_kind``, not checked yet. ``access`` leads from the type
    to a member, as in "0:1:2"; ``core_relo.access`` explains it.
    """

    kind: int
    type_id: int
    access: str


class Instruction(NamedTuple):
    """An instruction: five numbers as the kernel sees them, then metadata.

    ``off`` has 16 bits and ``imm`` has 32, both signed. The 64-bit constant is the exception: its
    ``imm`` holds both imm fields as one unsigned number, the first in bits 0-31, the second in bits
    32-63.

    Metadata takes part in ``==`` and ``hash``: two loads of different maps have the same bits while
    the file descriptors are unknown, yet they are not the same instruction. Compare ``bare()`` to
    compare bits only.
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
        """Number of slots: 2 for the 64-bit constant, 1 for all other instructions."""
        return 2 if self.opcode == LD_IMM64 else 1

    def bare(self) -> Instruction:
        """Return the instruction without metadata.

        >>> Instruction(0x95, source=Source("x.bpf.s", 3)).bare()
        Instruction(opcode=149, dst=0, src=0, off=0, imm=0)
        """
        return Instruction(*self[:5])

    def encode(self) -> bytes:
        """Return the eight or sixteen bytes. Raise BytecodeError if a field exceeds its bits."""
        wide = self.opcode == LD_IMM64
        imm = _signed(self.imm & _LOW_HALF) if wide else self.imm
        try:
            # 256 makes pack() fail; otherwise a dst above 15 would spill into src.
            registers = self.src << 4 | self.dst if 0 <= self.dst < 16 else 256
            first = _SLOT.pack(self.opcode, registers, self.off, imm)
            return first + _SLOT.pack(0, 0, 0, _signed(self.imm >> 32)) if wide else first
        except struct.error as error:
            what = f"{self.bare()} has a field that does not fit"
            raise BytecodeError(what, why=str(error)) from None

    def __repr__(self) -> str:
        """Show the five numbers, and metadata only where there is some."""
        shown = [
            f"{name}={value!r}"
            for index, (name, value) in enumerate(zip(self._fields, self, strict=True))
            if index < 5 or value is not None
        ]
        return f"Instruction({', '.join(shown)})"


def _signed(value: int) -> int:
    """Return an unsigned 32-bit number as the signed number that the imm field holds."""
    return value - (1 << 32) if value >> 31 else value


@lru_cache(maxsize=4096)
def _bytes_of(fields: tuple[int, int, int, int, int]) -> bytes:
    """Encode an instruction. Programs of one object share most of their instructions."""
    return Instruction(*fields).encode()


def encode_all(instructions: Iterable[Instruction]) -> bytes:
    """Return the bytes of a program.

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
