"""A program's bytecode: its instructions in order, and the slot where each function starts.

A program that uses a map cannot be encoded before the map exists. Until then, the instruction's imm
is zero, and its *reference* names the map whose file descriptor belongs there:

    18 22 00 00  00 ...         reference=Reference("map", "events")
    85 00 00 00  19 ...

``encode`` fills in the numbers. The Bytecode object itself is not modified.
"""

from __future__ import annotations

from rawbpf.asm.instruction import encode_all, slots_of
from rawbpf.errors import BytecodeError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rawbpf.asm.instruction import CoreRelocation, Instruction, Reference, Source

__all__ = ["Bytecode", "Function"]


class Function(NamedTuple):
    """A function in the bytecode, and the slot where the function starts.

    ``type_id`` is the ID of the function's BTF_KIND_FUNC in the object's BTF, or 0 if the function
    has no BTF.
    """

    name: str
    slot: int
    type_id: int = 0


class Bytecode(NamedTuple):
    """A sequence of instructions, and the functions in it, keyed by the slot where they start.

    >>> from rawbpf.asm.instruction import Instruction
    >>> exit_0 = Bytecode("pass", (Instruction(0xB7), Instruction(0x95)))
    >>> exit_0.encode().hex(" ", 8)
    'b700000000000000 9500000000000000'
    """

    name: str
    instructions: tuple[Instruction, ...]
    functions: tuple[Function, ...] = ()

    @property
    def slots(self) -> int:
        """The length in slots, the unit in which jumps, the verifier and BPF_PROG_LOAD count."""
        return slots_of(self.instructions)[-1]

    def slot_of(self, index: int) -> int:
        """Return the slot where the instruction with the given index starts."""
        return slots_of(self.instructions[:index])[-1]

    def index_at(self, slot: int) -> int:
        """Return the index of the instruction that covers a slot.

        Raises IndexError if the slot is past the end.
        """
        for index, instruction in enumerate(self.instructions):
            slot -= instruction.slots
            if slot < 0:
                return index
        raise IndexError(slot)

    def source_at(self, slot: int) -> Source | None:
        """Return the source line of the instruction at a slot, or None if it is unknown."""
        return self.instructions[self.index_at(slot)].source

    def sources_by_slot(self) -> dict[int, Source]:
        """Return all known source lines, keyed by slot, for callers that need many of them."""
        found = zip(slots_of(self.instructions), self.instructions, strict=False)
        return {slot: one.source for slot, one in found if one.source is not None}

    def without_sources(self) -> Bytecode:
        """Return the same code without source lines, so that only the instructions are compared."""
        bare = (one._replace(source=None) for one in self.instructions)
        return self._replace(instructions=tuple(bare))

    @property
    def references(self) -> dict[int, Reference]:
        """The references, keyed by the index of the instruction that contains them."""
        return {
            index: one.reference
            for index, one in enumerate(self.instructions)
            if one.reference is not None
        }

    @property
    def relocations(self) -> list[CoreRelocation]:
        """The CO-RE records of all instructions, in instruction order."""
        return [one.relocation for one in self.instructions if one.relocation is not None]

    def encode(
        self,
        maps: Mapping[str, int] | None = None,
        ids: Mapping[str, int] | None = None,
        modules: Mapping[str, int] | None = None,
    ) -> bytes:
        """Encode the program as bytes for BPF_PROG_LOAD.

        ``maps``: name -> file descriptor. ``ids``: name -> BTF ID of a kernel function or variable.
        ``modules``: name -> file descriptor of the module's BTF; fd_array must then start with 0
        and the descriptors of ``called_modules``. Raises BytecodeError if a referenced name is
        missing from the given numbers.
        """
        references = self.references
        called = _called_modules(references.values())
        numbers = _Numbers(maps or {}, ids or {}, modules or {}, called)
        resolved = list(self.instructions)
        for index, reference in references.items():
            resolved[index] = numbers.fill(resolved[index], reference)
        return encode_all(resolved)

    @property
    def modules(self) -> list[str]:
        """The kernel modules that the program refers to, in order of first use."""
        used = (one.module for one in self.references.values())
        return list(dict.fromkeys(module for module in used if module))

    @property
    def called_modules(self) -> list[str]:
        """The kernel modules whose functions the program calls.

        Fd_array lists their BTF after the 0.
        """
        return _called_modules(self.references.values())

    @property
    def map_names(self) -> list[str]:
        """The maps that the program refers to, in order of first use."""
        used = (one for one in self.references.values() if one.kind.startswith("map"))
        return list(dict.fromkeys(one.name for one in used))


def _called_modules(references: Iterable[Reference]) -> list[str]:
    return list(dict.fromkeys(one.module for one in references if one.kind == "module_kfunc"))


class _Numbers(NamedTuple):
    """Numbers for the references in the bytecode, passed as arguments to ``Bytecode.encode``."""

    maps: Mapping[str, int]
    ids: Mapping[str, int]
    modules: Mapping[str, int]
    called: list[str]

    def fill(self, instruction: Instruction, reference: Reference) -> Instruction:
        """Return the instruction with its reference replaced by a number."""
        if reference.module:
            return self._fill_module(instruction, reference)
        table = self.maps if reference.kind.startswith("map") else self.ids
        if reference.name not in table:
            raise BytecodeError(
                f"unresolved reference to {reference.words}",
                why="no value was passed for it",
            )
        number = table[reference.name]
        if reference.kind == "map_value":
            number |= (reference.addend & 0xFFFF_FFFF) << 32
        return instruction._replace(imm=number)

    def _fill_module(self, instruction: Instruction, reference: Reference) -> Instruction:
        """Return the instruction with the index of the module's BTF; its BTF ID is already set.

        The off field of a call is an index into fd_array, where 0 means the kernel image. A 64-bit
        constant stores the file descriptor in its upper half.
        """
        module = reference.module
        if module not in self.modules:
            raise BytecodeError(
                f"unresolved reference to {reference.words}",
                why="the BTF of the module was not passed",
            )
        if reference.kind == "module_kfunc":
            return instruction._replace(off=1 + self.called.index(module))
        return instruction._replace(imm=instruction.imm | self.modules[module] << 32)
