"""Parse the lines of a verifier log according to their kind.

    ; r0 = *(u64 *)r1 @ prog.c:12                    a source line, if there is line_info
    3: (07) r2 += -4                ; R2=fp-4        an instruction, and what it changed (5.17)
    3: R1=ctx(id=0,off=0,imm=0) R10=fp0              the state before it (until 5.16)
    from 2 to 5: R0=0 R10=fp0                        return to a branch that was left for later
    from 2 to 5: safe    5: safe                     pruned: an earlier state covers this one
    8: (15) if r0 == 0x3 goto pc+3 12: R0=3 ...      both on one line; what was between is cut
    caller:  callee:  returning from callee:  to caller at 1:      states of two frames, indented
    mark_precise: ...  regs=4 stack=0 before 3: ...  debugging notes
    processed 9 insns (limit 1000000) ...            statistics

All other lines are part of the verifier's message.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "Branch",
    "Insn",
    "branch",
    "insn",
    "is_note",
    "pruned_at",
    "said_after_jump",
    "state_text",
]

_INSN = re.compile(r"(\d{1,9}): \(([0-9a-f]{2})\) (.*)", re.DOTALL)
_STATE = re.compile(r"(\d{1,9}):((?: frame\d+:)? (?:R\d+(?:_[rwD]+)?=|fp-|refs=).*)", re.DOTALL)
_AFTER = re.compile(
    r"(?<!\s)\s*;(?= (?:frame\d+: )?(?:R\d|fp-|refs=)|\s*$)|\s(?=\d+:(?: frame\d+:)? R\d)"
)
_SAID = re.compile(r"[+-]\d{1,9} ([A-Za-z].*)$", re.DOTALL)
_BRANCH = re.compile(r"from (-?\d{1,9}) to (\d{1,9})( \(speculative execution\))?:(.*)", re.DOTALL)
_NOTES = re.compile(
    r"\s*$|\d+: safe$|mark_precise: |regs=|last_idx |parent (?:didn't|already|state) "
    r"|(?:frame ?\d+:? )?propagating"
    r"|func#\d+ @|Live regs before insn|\s+(?:\d+ +)?\d+: (?:[.0-9]{10,11} )?\(|SCC |subprog#?\d"
    r"|caller:|callee:|returning from callee:|to caller at \d+:| (?:frame\d+: ?)?R\d+(?:_[rwD]+)?="
    r"| (?:cur|old) state:|processed \d+ insns|verification time \d|stack depth \d"
    r"|insns processed \d|topo_order\[|stack use/def "
    r"|Validating |Func#\d+ .*(?:Skipping|assumed valid|safe for any args)|Async |hit sleepable "
    r"|BPF_PROG_LOAD|-- END PROG|arg#\d+ reference type"
)


class Insn(NamedTuple):
    """A line that shows a visited instruction.

    ``after`` is the state that is logged after the instruction on the same line.
    """

    slot: int
    opcode: int
    text: str
    after: str


class Branch(NamedTuple):
    """A return to a saved branch, at which ``source`` jumps to ``target``.

    ``safe`` means that the path was pruned. If the path was not pruned, ``state`` is the state at
    the target.
    """

    source: int
    target: int
    speculative: bool
    safe: bool
    state: str


def insn(line: str) -> Insn | None:
    """Parse a line that shows an instruction, or return None for any other line.

    >>> insn("3: (07) r2 += -4                     ; R2=fp-4")
    Insn(slot=3, opcode=7, text='r2 += -4', after='R2=fp-4')
    """
    found = _INSN.match(line)
    if found is None:
        return None
    tail = _AFTER.search(found[3])
    text = found[3] if tail is None else found[3][: tail.start()]
    if said := _said(text):
        text = text[: -len(said)]
    after = "" if tail is None else found[3][tail.end() :].strip()
    if after[:1].isdigit():  # 12: R0=3 ...
        after = after.partition(":")[2].strip()
    return Insn(int(found[1]), int(found[2], 16), text.rstrip(), after)


def said_after_jump(line: str) -> str:
    """Return a message that follows a jump on the same line because the kernel wrote no newline.

    >>> said_after_jump("5: (55) if r1 != 0x0 goto pc-1 infinite loop detected at insn 5")
    'infinite loop detected at insn 5'
    """
    found = _INSN.match(line)
    return _said(found[3]) if found and not _AFTER.search(found[3]) else ""


def _said(text: str) -> str:
    after = text.partition("goto pc")[2]
    if not after or after[1:].isdigit():
        return ""
    found = _SAID.match(after)
    return found[1] if found else ""


def state_text(line: str) -> str | None:
    """Return the state in a line that shows only a state, or None for any other line.

    >>> state_text("0: R1=ctx() R10=fp0")
    'R1=ctx() R10=fp0'
    """
    found = _STATE.match(line)
    return found[2].strip() if found else None


def branch(line: str) -> Branch | None:
    """Parse a line that reports a return to a branch, or return None for any other line.

    >>> branch("from 2 to 5: safe")
    Branch(source=2, target=5, speculative=False, safe=True, state='')
    """
    found = _BRANCH.match(line)
    if found is None:
        return None
    rest = found[4].strip()
    safe = rest.startswith("safe")
    return Branch(int(found[1]), int(found[2]), bool(found[3]), safe, "" if safe else rest)


def pruned_at(line: str) -> int | None:
    """Return the instruction at which a path was pruned, or None for any other line.

    >>> pruned_at("5: safe")
    5
    """
    slot, colon, rest = line.partition(": ")
    return int(slot) if colon and rest.strip() == "safe" and len(slot) < 10 else None


def is_note(line: str) -> bool:
    """Return whether a line is a debugging note or a statistic rather than a message."""
    return _NOTES.match(line) is not None
