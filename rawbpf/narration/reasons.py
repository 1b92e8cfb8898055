"""Why a call is made now: one sentence, from the tables beside this file.

The first row of a call's key whose condition holds gives the sentence. A condition looks at the
call (its fields, its result), at what the descriptors are, and at the calls before, and at nothing
else: so a sentence says only what can be seen from the calls themselves, and is true of any program
that makes them. A command without a row gets the purpose that ``uapi.bpf_commands`` gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.narration.look import Look
from rawbpf.narration.reasons_bpf import BPF
from rawbpf.narration.reasons_other import OTHER
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_commands import COMMANDS

if TYPE_CHECKING:
    from rawbpf.narration.call import Call
    from rawbpf.narration.known import Known

__all__ = ["REASONS", "reason"]

REASONS = (*BPF, *OTHER)
"""All rows, in the order in which they are asked."""


def _matches(key: str, row: str) -> bool:
    return key == row or (row.startswith("GET_") and key.endswith(row))


def reason(call: Call, known: Known) -> str:
    """The sentence for a call, given what was known before it."""
    look = Look(call, known)
    for row in REASONS:
        if _matches(call.key, row.key) and row.when(look):
            return row.sentence.format_map(_Names(look))
    if call.command in bpf_cmd.__members__:
        return f"This {COMMANDS[bpf_cmd[call.command]].purpose}."
    return "This call is not one that is known here."


class _Names:
    """The attributes of a Look, for str.format_map."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def __getitem__(self, name: str) -> object:
        return getattr(self._look, name)
