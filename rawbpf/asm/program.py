"""The text of a program: its instructions, what they refer to, where each came from.

A program that names a map cannot be finished before that map exists. Until then the instruction
holds zero where the number goes, and a *reference* beside it says which number that will be:

    index   instructions                references
      4     18 22 00 00  00 ...         Reference("map", "events")
      5     85 00 00 00  19 ...

``encode`` puts the numbers in. The program itself does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import Instruction, encode_all, slots_of
from rawbpf.errors import BytecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.ext_info import CoreRelo

__all__ = ["Function", "Program", "Reference", "Source"]


class Source(NamedTuple):
    """Where an instruction was written. ``text`` is the line; None if it is still in the file."""

    file: str
    line: int
    text: str | None = None
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def read(self) -> str:
        """The line itself, without its indentation; empty when the file is not there."""
        if self.text is not None:
            return self.text.strip()
        import linecache

        return linecache.getline(self.file, self.line).strip()


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
    """A number that is not known yet.

    ``kind``: "map" (a map's file descriptor), "map_value" (the same, and ``addend`` bytes into the
    value), "kfunc" (the BTF id of a kernel function), "ksym" (of a kernel variable), "function" (a
    function that is linked in later: the distance to it). "module_kfunc" and "module_ksym", whose
    names are MODULE:NAME: the id is there, but the kernel has to be told whose ids these are.
    """

    kind: str
    name: str
    addend: int = 0

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"{_WORDS[self.kind]} {self.name!r}"

    @property
    def module(self) -> str:
        """The module whose types the number is from; mostly none."""
        return self.name.partition(":")[0] if self.kind.startswith("module") else ""


class Function(NamedTuple):
    """A function inside a program, and the slot where it begins.

    ``type_id``: the BTF_KIND_FUNC that describes it in its object's BTF; 0 when nothing does.
    """

    name: str
    slot: int
    type_id: int = 0


class Program(NamedTuple):
    """Instructions in order. ``sources`` runs beside them; ``references`` is by their index.

    So is ``relocations``: the CO-RE records of instructions that depend on the kernel's types. They
    are carried along here; what they mean is the matter of ``core_relo``.

    >>> exit_0 = Program("pass", (Instruction(0xB7), Instruction(0x95)))
    >>> exit_0.encode().hex(" ", 8)
    'b700000000000000 9500000000000000'
    """

    name: str
    instructions: tuple[Instruction, ...]
    sources: tuple[Source | None, ...] = ()
    references: Mapping[int, Reference] = {}  # never written to
    functions: tuple[Function, ...] = ()
    relocations: Mapping[int, CoreRelo] = {}

    @property
    def slots(self) -> int:
        """Its length as jumps, the verifier and BPF_PROG_LOAD count it."""
        return slots_of(self.instructions)[-1]

    def slot_of(self, index: int) -> int:
        """The slot where the instruction with this index begins."""
        return slots_of(self.instructions[:index])[-1]

    def index_at(self, slot: int) -> int:
        """The index of the instruction that covers this slot; IndexError beyond the end."""
        for index, instruction in enumerate(self.instructions):
            slot -= instruction.slots
            if slot < 0:
                return index
        raise IndexError(slot)

    def source_at(self, slot: int) -> Source | None:
        """Where the instruction at this slot was written, if that is known."""
        return self.sources[self.index_at(slot)] if self.sources else None

    def sources_by_slot(self) -> dict[int, Source]:
        """Where each instruction was written, as far as that is known: for those who want many."""
        found = zip(slots_of(self.instructions), self.sources, strict=False)
        return {slot: source for slot, source in found if source is not None}

    def encode(
        self,
        maps: Mapping[str, int] | None = None,
        ids: Mapping[str, int] | None = None,
        modules: Mapping[str, int] | None = None,
    ) -> bytes:
        """The bytes that BPF_PROG_LOAD takes.

        ``maps``: name -> file descriptor. ``ids``: name -> BTF id of kernel functions and
        variables. ``modules``: name -> descriptor of its types; calls get the module's place in
        ``called_modules``. BytecodeError when what the program refers to is in none of these.
        """
        resolved, called = list(self.instructions), self.called_modules
        for index, reference in self.references.items():
            instruction = resolved[index]
            if reference.module:
                resolved[index] = _in_module(instruction, reference, modules or {}, called)
            else:
                resolved[index] = _resolve(instruction, reference, maps or {}, ids or {})
        return encode_all(resolved)

    @property
    def modules(self) -> list[str]:
        """The modules that it refers to, each once, in order of first use."""
        return self._modules("module_kfunc", "module_ksym")

    @property
    def called_modules(self) -> list[str]:
        """Those whose functions it calls: what the load has in fd_array, behind the image."""
        return self._modules("module_kfunc")

    def _modules(self, *kinds: str) -> list[str]:
        references = (self.references[index] for index in sorted(self.references))
        return list(dict.fromkeys(one.module for one in references if one.kind in kinds))

    @property
    def map_names(self) -> list[str]:
        """The maps that it refers to, each once, in order of first use."""
        references = (self.references[index] for index in sorted(self.references))
        return list(dict.fromkeys(r.name for r in references if r.kind.startswith("map")))


def _in_module(
    instruction: Instruction, reference: Reference, modules: Mapping[str, int], called: list[str]
) -> Instruction:
    """The instruction with the place of the module's types: the number itself is in already.

    A call has the index in fd_array, where 0 is the kernel image; a constant, in its upper half,
    the descriptor.
    """
    if reference.module not in modules:
        raise BytecodeError(
            f"the program refers to {reference.words}", why="its types were not given"
        )
    if reference.kind == "module_kfunc":
        return instruction._replace(off=1 + called.index(reference.module))
    return instruction._replace(imm=instruction.imm | modules[reference.module] << 32)


def _resolve(
    instruction: Instruction,
    reference: Reference,
    maps: Mapping[str, int],
    ids: Mapping[str, int],
) -> Instruction:
    """The instruction with its number in."""
    table = maps if reference.kind.startswith("map") else ids
    if reference.name not in table:
        raise BytecodeError(
            f"the program refers to {reference.words}",
            why="nothing of that name was given",
        )
    number = table[reference.name]
    if reference.kind == "map_value":
        number |= (reference.addend & 0xFFFF_FFFF) << 32
    return instruction._replace(imm=number)
