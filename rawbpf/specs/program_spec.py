"""The blueprint of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

__all__ = ["ProgramSpec"]


class ProgramSpec(NamedTuple):
    """What BPF_PROG_LOAD needs to know, map references still by name.

    ``license`` decides which helpers the kernel lends: many of those for tracing want one that is
    compatible with the GPL, such as "GPL" or "Dual MIT/GPL".

    ``section`` is the whole name that the program's section has, "kprobe/do_exit"; ``attach_to``
    what it says about where: "do_exit". ``autoload`` is false for optional ones ("?kprobe/...").
    """

    name: str
    prog_type: bpf_prog_type
    code: Bytecode
    license: str = "Dual MIT/GPL"
    expected_attach_type: bpf_attach_type | None = None
    section: str = ""
    attach_to: str = ""
    prog_flags: int = 0
    autoload: bool = True
