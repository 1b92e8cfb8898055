"""`.program NAME, "SECTION", type=, attach=` -> what a ProgramSpec needs beside its code.

The section's name says what kind of program it is, as libbpf reads it. ``type`` and ``attach`` are
for names that say nothing, with the kernel's words: ``type=kprobe``, ``attach=BPF_TRACE_FENTRY``.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.specs.section_names import read_section, section_kind
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.source.arguments import Arguments

__all__ = ["Header", "program_directive"]

E = TypeVar("E", bpf_prog_type, bpf_attach_type)


class Header(NamedTuple):
    """What the directive says."""

    name: str
    section: str
    prog_type: bpf_prog_type
    attach_type: bpf_attach_type | None

    def spec(self, code: Bytecode, license_: str) -> ProgramSpec:
        """The program, with its code."""
        name = read_section(self.section)
        return ProgramSpec(
            self.name,
            self.prog_type,
            code,
            license_,
            self.attach_type,
            section=name.section,
            attach_to=name.attach_to,
            prog_flags=name.prog_flags,
            autoload=name.autoload,
        )


def program_directive(arguments: Arguments) -> Header:
    """Read what follows `.program`."""
    name = arguments.name("the program's name")
    arguments.comma()
    token = arguments.token
    section = arguments.text('a section, such as "kprobe/do_exit"')
    kind = section_kind(section)
    prog_type, attach_type = (kind.prog_type, kind.attach_type) if kind else (None, None)
    while arguments.comma():
        setting = arguments.name("type= or attach=")
        if setting not in ("type", "attach") or not arguments.operator("="):
            raise arguments.error(f"unknown {setting!r}", "type= or attach=")
        if setting == "type":
            prog_type = _member(arguments, bpf_prog_type, "BPF_PROG_TYPE_")
        else:
            attach_type = _member(arguments, bpf_attach_type, "BPF_")
    if prog_type is None:
        what = f"section {section!r} does not say what kind of program this is"
        raise arguments.error(what, 'one such as "kprobe/do_exit", or type=', token)
    return Header(name, section, prog_type, attach_type)


def _member(arguments: Arguments, enum: type[E], prefix: str) -> E:
    """A constant of the kernel, its prefix left out or not."""
    token = arguments.token
    text = arguments.name(f"a name such as {next(iter(enum)).name}")
    name = prefix + text.upper().removeprefix(prefix)
    if name not in enum.__members__:
        near = get_close_matches(name, enum.__members__, n=2)
        raise arguments.error(f"{text!r} is unknown", " or ".join(near), token)
    return enum[name]
