"""The disassembler, which formats instructions as lines of text with labels and symbol names.

>>> from rawbpf.asm.decode import decode_all
>>> code = decode_all(bytes.fromhex("15 01 01 00 00 00 00 00  b7 00 00 00 01 00 00 00"
...                                 "95 00 00 00 00 00 00 00"))
>>> for row in disassemble(code):
...     print(row.label, row.text)
None if r1 == 0 goto L1
None r0 = 1
L1 exit
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.format import C, Style, format_instruction
from rawbpf.asm.forms import form_of
from rawbpf.asm.instruction import slots_of
from rawbpf.asm.link import callee

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rawbpf.asm.instruction import Instruction

__all__ = ["Row", "disassemble"]


class Row(NamedTuple):
    """An instruction's slot, its text, and the label in front of it."""

    slot: int
    instruction: Instruction
    text: str
    label: str | None


def disassemble(
    instructions: Sequence[Instruction],
    style: Style = C,
    functions: Mapping[int, str] | None = None,
    symbols: Mapping[int, str] | None = None,
    texts: Mapping[int, str] | None = None,
) -> list[Row]:
    """Disassemble a section or program into rows.

    ``functions`` maps the slot where a function starts to the function's name. ``symbols`` maps a
    slot to the name that its instruction refers to. ``texts`` maps a slot to the text of an
    instruction outside the instruction set (``asm.internal``). A jump to a slot where no
    instruction starts is shown as a distance.
    """
    texts = texts or {}
    slots = slots_of(instructions)[:-1]
    rows = list(zip(slots, instructions, strict=True))
    labels = _labels([row for row in rows if row[0] not in texts], slots, functions or {})
    return [
        Row(at, one, texts.get(at)
            or _text(one, at, style, labels, functions or {}, (symbols or {}).get(at)),
            labels.get(at))
        for at, one in rows
    ]  # fmt: skip


def jump_target(instruction: Instruction, slot: int) -> tuple[str, int] | None:
    """Return a jump's distance field and target slot, or None for other instructions."""
    form = form_of(instruction)
    for field in ("off", "imm"):
        if f"{{{field}:target}}" in form.c:
            return field, slot + 1 + int(getattr(instruction, field))
    return None


def _labels(
    rows: Sequence[tuple[int, Instruction]], slots: Sequence[int], functions: Mapping[int, str]
) -> dict[int, str]:
    """Name the jump targets L1, L2 and so on from top to bottom."""
    there = set(slots)
    jumps = (jump_target(instruction, slot) for slot, instruction in rows)
    targets = {jump[1] for jump in jumps if jump is not None and jump[1] in there}
    taken = set(functions.values())
    names = (f"L{n}" for n in range(1, len(targets) + len(taken) + 1))
    free = (name for name in names if name not in taken)
    return dict(zip(sorted(targets), free, strict=False))


def _text(
    instruction: Instruction,
    slot: int,
    style: Style,
    labels: Mapping[int, str],
    functions: Mapping[int, str],
    symbol: str | None,
) -> str:
    """Format an instruction with symbolic names instead of numbers."""
    names = {}
    jump = jump_target(instruction, slot)
    target = callee(instruction, slot)
    if jump is not None and jump[1] in labels:
        names[jump[0]] = labels[jump[1]]
    elif symbol is not None:
        names = {"imm": symbol, "low": symbol}
    elif target is not None and target in functions:
        names = {"imm": functions[target], "low": functions[target]}
    return format_instruction(instruction, style, names)
