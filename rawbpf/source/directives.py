"""The directives `.map` and `.program`.

    .map calls,  percpu_hash, key=u32, value=u64, entries=1024
    .map events, perf_event_array, entries=64
    .map stacks, stack_trace, key=u32, value=8 * 127, entries=1 << 10, flags=BPF_F_STACK_BUILD_ID

    .program count, "kprobe/do_exit"
    .program decide, "mine", type=sched_cls, attach=tcx_ingress

A map type is written as in the kernel, with or without BPF_MAP_TYPE_. Key and value are given as
sizes in bytes or as integer type names (u8 - u64, s8 - s64), which are also recorded in BTF.

A program's section name determines the program type, as in libbpf. For other section names,
``type`` and ``attach`` name kernel constants, with or without their prefix.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.specs.section_names import read_section, section_kind
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_flags, bpf_map_type, bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.source.arguments import Arguments

__all__ = [
    "INTEGERS",
    "Header",
    "map_directive",
    "program_directive",
]

E = TypeVar("E", bpf_prog_type, bpf_attach_type)

INTEGERS = {f"{sign}{bits}": bits // 8 for sign in "us" for bits in (8, 16, 32, 64)}
"""Sizes in bytes of the integer types, keyed by type name."""

_U32_MAX = (1 << 32) - 1
_FD_VALUES = {
    bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY,
    bpf_map_type.BPF_MAP_TYPE_CGROUP_ARRAY,
}
"""Arrays of file descriptors, whose keys and values must be 4 bytes long."""


def map_directive(arguments: Arguments) -> MapSpec:
    """Process the arguments of the directive `.map`."""
    name = arguments.name("the map's name")
    arguments.comma()
    kind = _map_type(arguments)
    given = _given(arguments)
    default = 4 if kind in _FD_VALUES else 0
    key_size, key_type = given.get("key", (default, ""))
    value_size, value_type = given.get("value", (default, ""))
    return MapSpec(
        name,
        kind,
        key_size,
        value_size,
        max_entries=given.get("entries", (0, ""))[0],
        map_flags=bpf_map_flags(given.get("flags", (0, ""))[0]),
        key_type=key_type,
        value_type=value_type,
    )


def _map_type(arguments: Arguments) -> bpf_map_type:
    token = arguments.token
    text = arguments.name("the map's type, such as hash")
    name = "BPF_MAP_TYPE_" + text.upper().removeprefix("BPF_MAP_TYPE_")
    if name not in bpf_map_type.__members__:
        known = [one.removeprefix("BPF_MAP_TYPE_").lower() for one in bpf_map_type.__members__]
        near = (
            " or ".join(get_close_matches(text.lower(), known, n=2))
            or "a type such as hash or array"
        )
        raise arguments.error(f"unknown map type {text!r}", near, token)
    return bpf_map_type[name]


def _given(arguments: Arguments) -> dict[str, tuple[int, str]]:
    """Read the settings; return the number of each setting and, if given, the type name."""
    given: dict[str, tuple[int, str]] = {}
    while arguments.comma():
        token = arguments.token
        setting = arguments.name("key=, value=, entries= or flags=")
        if setting not in ("key", "value", "entries", "flags") or setting in given:
            what = f"{setting!r} is set twice" if setting in given else f"unknown {setting!r}"
            raise arguments.error(what, "key=, value=, entries= or flags=", token)
        if not arguments.operator("="):
            raise arguments.error(f"{setting!r} has no value", "'='")
        if setting in ("key", "value") and arguments.token.text in INTEGERS:
            integer = arguments.take().text
            given[setting] = (INTEGERS[integer], integer)
        else:
            given[setting] = (arguments.number(0, _U32_MAX), "")
    arguments.end()
    return given


class Header(NamedTuple):
    """The arguments of a `.program` directive."""

    name: str
    section: str
    prog_type: bpf_prog_type
    attach_type: bpf_attach_type | None

    def spec(self, code: Bytecode, license_: str) -> ProgramSpec:
        """Return a program spec with the given code."""
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
    """Parse the arguments of the directive `.program`."""
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
        what = f"section {section!r} does not determine the program type"
        raise arguments.error(what, 'a section such as "kprobe/do_exit", or type=', token)
    return Header(name, section, prog_type, attach_type)


def _member(arguments: Arguments, enum: type[E], prefix: str) -> E:
    """Parse the name of a kernel constant, with or without its prefix."""
    token = arguments.token
    text = arguments.name(f"a name such as {next(iter(enum)).name}")
    name = prefix + text.upper().removeprefix(prefix)
    if name not in enum.__members__:
        near = get_close_matches(name, enum.__members__, n=2)
        raise arguments.error(f"unknown {text!r}", " or ".join(near), token)
    return enum[name]
