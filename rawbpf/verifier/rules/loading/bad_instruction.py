"""RB-V048: an instruction is malformed or newer than the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg"):
        return Finding(f"register r{found['reg']} does not exist", change="use r0 to r10")
    if found.get("arena"):
        return Finding(
            "a cast between address spaces needs an arena, which this program does not use",
            change="use a map of type ARENA (since 6.9), or a plain move",
        )
    text = failure.text_at(failure.slot)
    if text and "reserved field" in match[0]:
        return Finding(
            f"a reserved field is not 0, so this instruction is not a plain `{text}`",
            _written(failure),
            change=_NEWER,
        )
    shown = f"`{text}`" if text else "this instruction"
    return Finding(
        f"{shown} is invalid, or not supported by this kernel",
        change=_NEWER,
    )


_NEWER = (
    "compile for an older instruction set (clang -mcpu=v1, v2 or v3), or use a newer kernel; "
    "docs/reference/assembly.md lists the kernel version of each instruction"
)


def _written(failure: Failure) -> tuple[Evidence, ...]:
    """Return the instruction as newer kernels decode it, because this kernel's log cannot."""
    from rawbpf.asm.format import C, format_instruction
    from rawbpf.errors import BytecodeError

    code, slot = failure.code, failure.slot
    if code is None or slot is None or not 0 <= slot < code.slots:
        return ()
    try:
        newer = format_instruction(code.instructions[code.index_at(slot)], C)
    except BytecodeError:
        return ()
    return (Evidence(f"newer kernels decode this instruction as {newer}", slot),)


RULE = Rule(
    code="RB-V048",
    title="Invalid or unsupported instruction",
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
        "An instruction consists of an opcode, two registers, an offset and an immediate "
        "value. Not every combination is valid: fields that an opcode does not use must be "
        "0. Newer instruction sets give some of these fields a meaning that older kernels "
        "do not know."
    ),
    reason="The verifier cannot check an instruction whose effect it does not know.",
    examples=(
        Example(
            '.program p, "tc"\n        r2 = addr_space_cast(r1, 0, 1)\n'
            "        r0 = 0\n        exit\n",
            '.program p, "tc"\n        r2 = r1\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
)
