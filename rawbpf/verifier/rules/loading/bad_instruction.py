"""RB-V048: an instruction that is none, or not one for this kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg"):
        return Finding(f"there is no register r{found['reg']}", change="use r0 to r10")
    if found.get("arena"):
        return Finding(
            "a pointer is cast between address spaces, which only arenas have",
            change="use a map of type ARENA (6.9), or a plain move",
        )
    text = failure.text_at(failure.slot)
    if text and "reserved field" in match[0]:
        return Finding(
            f"this instruction is not the plain `{text}`: one of its fields that must be 0 is not",
            _written(failure),
            change=_NEWER,
        )
    shown = f"`{text}`" if text else "this instruction"
    return Finding(
        f"{shown} is none that this kernel takes",
        change=_NEWER,
    )


_NEWER = (
    "compile for an older instruction set (clang -mcpu=v1, v2 or v3), or use a newer kernel; "
    "docs/reference/assembly.md says which kernel takes what"
)


def _written(failure: Failure) -> tuple[Evidence, ...]:
    """The instruction as newer kernels read it, which this one's log cannot show."""
    from rawbpf.asm.format import C, format_instruction
    from rawbpf.errors import BytecodeError

    code, slot = failure.code, failure.slot
    if code is None or slot is None or not 0 <= slot < code.slots:
        return ()
    try:
        newer = format_instruction(code.instructions[code.index_at(slot)], C)
    except BytecodeError:
        return ()
    return (Evidence(f"a newer kernel reads it as {newer}", slot),)


RULE = Rule(
    code="RB-V048",
    title="An instruction is malformed, or newer than the kernel",
    patterns=(
        r"(?P<unknown>unknown (?:opcode|insn class|alu insn)) \w{1,10}",
        r"(?P<unknown>\S{1,40}) uses? reserved fields",
        r"(?P<unknown>invalid may_goto (?:imm|off)) -?\d{1,10}",
        r"(?P<unknown>invalid BPF_\w{2,10} opcode) \w{1,8}",
        r"(?P<unknown>BPF_ATOMIC uses invalid atomic opcode)",
        r"(?P<unknown>invalid atomic (?:operand size|operation))",
        r"(?P<arena>addr_space_cast insn) can only",
        r"R(?P<reg>\d\d?) is invalid",
        r"(?P<unknown>BPF_\w{2,8} (?:uses|is not supported))",
        (
            r"(?P<unknown>(?:load_acquire|store_release|load-acquire|store-release)[^\n]{0,60}(?:"
            r"supported|64-bit))"
        ),
        r"(?P<unknown>invalid (?:jump|insn)[^\n]{0,40})",
    ),
    meaning=(
        "An instruction has an opcode, two registers, an offset and a number. Not "
        "every combination is one: fields that mean nothing for an opcode must be "
        "zero, and newer instruction sets gave some of them a meaning that an older "
        "kernel does not know."
    ),
    reason="What an unknown instruction would do, nobody can verify.",
    examples=(
        Example(
            '.program p, "tc"\n        r2 = addr_space_cast(r1, 0, 1)\n'
            "        r0 = 0\n        exit\n",
            '.program p, "tc"\n        r2 = r1\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
)
