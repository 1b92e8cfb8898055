"""`.map NAME, TYPE, key=, value=, entries=, flags=` -> a MapSpec.

    .map calls,  percpu_hash, key=u32, value=u64, entries=1024
    .map events, perf_event_array, entries=64
    .map stacks, stack_trace, key=u32, value=8 * 127, entries=1 << 10, flags=BPF_F_STACK_BUILD_ID

A type is the kernel's name, with or without BPF_MAP_TYPE_. Key and value are sizes in bytes, or
names of integers (u8 - u64, s8 - s64), which an object file then describes.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.source.arguments import Arguments

__all__ = ["INTEGERS", "map_directive"]

INTEGERS = {f"{sign}{bits}": bits // 8 for sign in "us" for bits in (8, 16, 32, 64)}
"""Names of integer types -> bytes."""

_U32_MAX = (1 << 32) - 1
_FD_VALUES = {
    bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY,
    bpf_map_type.BPF_MAP_TYPE_CGROUP_ARRAY,
}
"""Arrays of descriptors: 4 and 4 bytes, nothing else is taken."""


def map_directive(arguments: Arguments) -> MapSpec:
    """Read what follows `.map`."""
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
        near = " or ".join(get_close_matches(text.lower(), known, n=2)) or "such as hash or array"
        raise arguments.error(f"{text!r} is no map type", near, token)
    return bpf_map_type[name]


def _given(arguments: Arguments) -> dict[str, tuple[int, str]]:
    """The settings: name -> number, and the name of the type if one was given."""
    given: dict[str, tuple[int, str]] = {}
    while arguments.comma():
        token = arguments.token
        setting = arguments.name("key=, value=, entries= or flags=")
        if setting not in ("key", "value", "entries", "flags") or setting in given:
            what = f"{setting!r} is given twice" if setting in given else f"unknown {setting!r}"
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
