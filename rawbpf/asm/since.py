"""Determine the kernel version that a program needs from its instructions.

The tables list the first kernel version for every instruction form and every helper. When a kernel
rejects a program, its message may not name the real cause: for example, 5.10 rejects a callback's
address with a message about func_info. If an instruction is newer than the kernel, the instruction
is the likely cause, but not certainly, since distributions backport features.

>>> from rawbpf.asm.builder import Builder
>>> from rawbpf.asm.register import r0, r1
>>> b = Builder("newest")
>>> b.movsx8(r0, r1); b.call("bpf_loop"); b.exit()
>>> newer_than(b.build().instructions, (6, 1))
[Need(what='r0 = (s8)r1', since=(6, 6))]
>>> [str(need) for need in newer_than(b.build().instructions, (5, 10))]
['r0 = (s8)r1 needs Linux 6.6', 'bpf_loop() needs Linux 5.17']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.format import format_instruction
from rawbpf.asm.forms import form_of
from rawbpf.errors import DecodeError
from rawbpf.uapi.bpf_insn import HELPER_NAMES, HELPERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.asm.instruction import Instruction

__all__ = ["Need", "newer_than"]


class Need(NamedTuple):
    """An instruction (as text) or helper, and the first kernel version that supports it."""

    what: str
    since: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.what} needs Linux {self.since[0]}.{self.since[1]}"


def newer_than(instructions: Iterable[Instruction], kernel: tuple[int, ...]) -> list[Need]:
    """Return the features newer than ``kernel`` that the instructions use, newest first."""
    needs = {need for one in instructions if (need := _need(one)) and need.since > kernel}
    return sorted(needs, key=lambda need: need.since, reverse=True)


def _need(instruction: Instruction) -> Need | None:
    """Return the requirements of an instruction, or None if the tables do not list it."""
    try:
        form = form_of(instruction)
    except DecodeError:
        return None
    if "{imm:helper}" not in form.c:
        return Need(format_instruction(instruction), _version(form.kernel))
    name = HELPER_NAMES.get(instruction.imm)
    return None if name is None else Need(f"bpf_{name}()", _version(HELPERS[name].kernel))


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
