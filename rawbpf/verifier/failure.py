"""A rejected program, with the information about it that rules need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import slots_of
from rawbpf.verifier.effect import Effect, effect
from rawbpf.verifier.origins import Origin, known, origins, slot_known

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Source
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.verifier.log import Log
    from rawbpf.verifier.path import Path, Step
    from rawbpf.verifier.state import StackSlot
    from rawbpf.verifier.value import Value

__all__ = ["Failure"]


class Failure:
    """Contains the verifier's ``log``, and the program's ``spec`` if it is available.

    Slots count 8-byte units from the program's first instruction, as in the verifier.
    """

    def __init__(self, log: Log, spec: ProgramSpec | None = None) -> None:
        self.log = log
        self.spec = spec
        self._origins: dict[tuple[int, int], list[Origin]] = {}

    @property
    def message(self) -> str:
        """The verifier's message, in which lines are joined by newlines."""
        return "\n".join(self.log.message)

    @property
    def path(self) -> Path:
        """The steps that led to the rejection, latest first."""
        return self.log.path

    @cached_property
    def step(self) -> Step | None:
        """The last step, or None if the program was rejected before any path was followed."""
        return next(iter(self.path), None)

    @cached_property
    def slot(self) -> int | None:
        """The instruction that the message names or, by default, the last verified instruction."""
        if self.log.named_slot is not None:
            return self.log.named_slot
        return None if self.step is None else self.step.slot

    @property
    def code(self) -> Bytecode | None:
        """The program's bytecode, or None if it is not available."""
        return None if self.spec is None else self.spec.code

    @cached_property
    def instructions(self) -> dict[int, Instruction]:
        """Maps slots to instructions, in order.

        The dict is empty if the program is not available.
        """
        found = () if self.code is None else self.code.instructions
        return dict(zip(slots_of(found), found, strict=False))

    def _instruction_at(self, slot: int) -> Instruction | None:
        """Return the instruction at a slot, even if it is the second slot of an instruction."""
        before = self.instructions.get(slot - 1)
        wide = before if before is not None and before.slots == 2 else None
        return self.instructions.get(slot, wide)

    @property
    def effect(self) -> Effect:
        """The effect of the rejected instruction."""
        return effect(self.text_at(self.slot) or "")

    def text_at(self, slot: int | None) -> str | None:
        """Return the text of an instruction from the log or, failing that, from the program."""
        if self.step is not None and slot == self.step.slot:
            return self.step.text
        one = None if slot is None else self._instruction_at(slot)
        if one is None:
            return self._logged(slot)
        from rawbpf.asm.format import C, format_instruction
        from rawbpf.errors import BytecodeError

        try:
            style = C._replace(helpers=True)
            text = format_instruction(one, style)
        except BytecodeError:
            return None
        # The program contains only the BTF ID of a kernel function, but the log contains its name.
        return (self._logged(slot) or text) if text.startswith("call kfunc") else text

    def _logged(self, slot: int | None) -> str | None:
        """Return the text of an instruction, or None if the path does not contain it."""
        return next((one.text for one in self.path if one.slot == slot), None)

    def source_at(self, slot: int | None) -> Source | None:
        """Return an instruction's source line, or None if it is unknown."""
        if self.code is None or slot is None or not 0 <= slot < self.code.slots:
            return None
        return self.code.source_at(slot)

    @property
    def source_line(self) -> str:
        """The source line that the log quotes for the last step, or "" if there is none."""
        return self.path.source_of(self.step) if self.step is not None else ""

    def place(self, slot: int) -> str:
        """Return "line 12", or "instruction 5" if the source line is unknown."""
        source = self.source_at(slot)
        return f"instruction {slot}" if source is None else f"line {source.line}"

    def value(self, register: int, at: int = 0) -> Value | None:
        """Return what the verifier knew about a register before the step ``path[at]``."""
        return known(self.path, register, at) if self.step is not None else None

    def stack(self, off: int, at: int = 0) -> StackSlot | None:
        """Return what the verifier knew about the 8-byte stack slot that contains fp + ``off``."""
        return slot_known(self.path, off // 8 * 8, at) if self.step is not None else None

    def origins(self, register: int, at: int = 0) -> list[Origin]:
        """Return the steps that set or changed the value of a register, latest first."""
        if (register, at) not in self._origins:
            found = origins(self.path, register, at) if self.step is not None else []
            self._origins[register, at] = found
        return self._origins[register, at]

    def birth(self, register: int, at: int = 0) -> Origin | None:
        """Return the step that created a value, which is a call, a constant or a load.

        The result is None if the value existed when the program started.
        """
        found = self.origins(register, at)
        last = found[-1] if found else None
        return last if last and last.effect.kind in ("call", "constant", "load", "store") else None
