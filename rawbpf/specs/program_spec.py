"""Specification of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

__all__ = ["ProgramSpec"]


class ProgramSpec(NamedTuple):
    """What BPF_PROG_LOAD needs. The code refers to maps by name.

    ``license`` determines which helpers the program may call. Many tracing helpers need a license
    that is compatible with the GPL, such as "GPL" or "Dual MIT/GPL".

    ``section`` is the name of the program's section, such as "kprobe/do_exit", and ``attach_to``
    is the target in it, "do_exit". ``autoload`` is False for optional programs ("?kprobe/...").
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
