"""Generate the tables in docs/reference/syscalls.md from the layouts in rawbpf/uapi."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_table import table

from rawbpf.arch import ARCHITECTURES, X86_64
from rawbpf.narration.capture.layout import LINKS, place
from rawbpf.narration.capture.pointers import IN, OUT, pointers
from rawbpf.uapi.bpf_attr import BpfAttrLinkCreate, BpfBtfInfo, BpfMapInfo, BpfProgInfo
from rawbpf.uapi.bpf_commands import COMMANDS, Command
from rawbpf.uapi.field_uses import USES
from rawbpf.uapi.fields import STRUCTS, c_name, since
from rawbpf.uapi.perf_event import PerfEventAttr, perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
Struct = type[ctypes.Structure]


def _release(release: tuple[int, int] | None) -> str:
    return f"{release[0]}.{release[1]}" if release else ""


def calls() -> str:
    """Return a table with a row for each system call that is made through the gate."""
    numbers = [arch.syscalls for arch in ARCHITECTURES.values()]
    rows = ((f"`{name}`", *(one[name] for one in numbers)) for name in _calls())
    return table(f"call | {' | '.join(ARCHITECTURES)}", rows)


def _calls() -> list[str]:
    """Return the system calls that are passed to ``enter``, in the architecture's order."""
    sources = [file.read_text() for file in (ROOT / "rawbpf").rglob("*.py")]
    entered = set(re.findall(r"\benter\(\s*\"(\w+)\"", "\n".join(sources)))
    return [name for name in X86_64.syscalls if name in entered]


def _users() -> dict[str, str]:
    """Return the functions in rawbpf.syscall that use each command."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "rawbpf/syscall").glob("*.py")):
        for part in re.split(r"^(?=def )", file.read_text(), flags=re.MULTILINE)[1:]:
            name = re.match(r"def (\w+)", part)
            assert name is not None
            body = part.partition("__all__")[0]
            for command in set(re.findall(r"bpf_cmd\.(BPF_\w+)", body)):
                entry = f"[`{name[1]}`](../../rawbpf/syscall/{file.name})"
                found.setdefault(command, []).append(entry)
    return {command: ", ".join(entries) for command, entries in found.items()}


def commands() -> str:
    """Return a table with a row for each command of bpf(2)."""
    users = _users()
    rows = []
    for number, command in COMMANDS.items():
        names = [name for name in type(number).__members__ if type(number)[name] is number]
        by = users.get(number.name) or next((users[n] for n in names if n in users), "")
        if not by and command.struct is not None:
            by = _by_kind(number.name, users)
        name = f"[`{number.name}`](#{_anchor(command)})" if command.struct else f"`{number.name}`"
        rows.append((int(number), name, _release(command.since), command.purpose, by))
    return table("number | command | Linux | purpose | used by", rows)


def _by_kind(name: str, users: dict[str, str]) -> str:
    """Return the function that takes the command as a parameter, if any."""
    for ending, kin in (("GET_NEXT_ID", "next_id"), ("GET_FD_BY_ID", "fd_by_id")):
        if name.endswith(ending):
            return f"[`{kin}`](../../rawbpf/syscall/bpf_object.py)"
    return users.get(name, "")


def _anchor(command: Command) -> str:
    return _heading(_struct(command)).lower().replace(" ", "-")


def _struct(command: Command) -> Struct:
    assert command.struct is not None
    return command.struct


def _heading(struct: Struct) -> str:
    """Return the first command that uses a structure, and how many other commands use it."""
    names = [str(one.number.name) for one in COMMANDS.values() if one.struct is struct]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


_WAYS = {IN: "read", OUT: "written", "both": "read and written"}


def _fields(struct: Struct) -> str:
    rows: list[tuple[object, ...]] = []
    for field, *_ in struct._fields_:
        if field.startswith("_"):
            continue
        at, size, bits = place(struct, field)
        width = f"{bits} bit" if bits else size
        name = f"`{c_name(struct, field)}`"
        row = at, width, name, _release(since(struct, field)), _points(struct, field)
        rows.append((*row, USES[struct].get(field, "")) if struct in USES else row)
    used = " | use in rawbpf" if struct in USES else ""
    return table(f"offset | size | field | Linux | points to{used}", rows)


def _points(struct: Struct, field: str) -> str:
    rows = []
    for command in [-1, *(c.number for c in COMMANDS.values() if c.struct is struct)]:
        row = pointers(struct, int(command)).get(field)
        if row is not None and f"{row.kind}, {_WAYS[row.way]}" not in rows:
            rows.append(f"{row.kind}, {_WAYS[row.way]}")
    return "; or ".join(rows)


def attrs() -> str:
    """Return a section for each structure in union bpf_attr."""
    parts = []
    for struct in dict.fromkeys(c.struct for c in COMMANDS.values() if c.struct is not None):
        parts.append(f"### {_heading(struct)}\n")
        names = [f"`{c.number.name}`" for c in COMMANDS.values() if c.struct is struct]
        if len(names) > 1:
            parts.append(f"{', '.join(names)}.\n")
        parts.append(_fields(struct) + "\n")
        if struct is BpfAttrLinkCreate:
            parts += [_variant(other, kinds) for other, kinds in _variants().items()]
    return "\n".join(parts).rstrip()


def _variants() -> dict[Struct, list[str]]:
    found: dict[Struct, list[str]] = {}
    for kind, struct in LINKS.items():
        found.setdefault(struct, []).append(f"`{kind.name}`")
    return found


def _variant(struct: Struct, kinds: list[str]) -> str:
    return f"For the attach types {', '.join(kinds)}:\n\n{_fields(struct)}\n"


def infos() -> str:
    """Return a section for each structure that BPF_OBJ_GET_INFO_BY_FD fills in."""
    structs = (BpfMapInfo, BpfProgInfo, BpfBtfInfo)
    return "\n\n".join(f"### {STRUCTS[struct][0]}\n\n{_fields(struct)}" for struct in structs)


def perf() -> str:
    """Return a table of the fields in struct perf_event_attr."""
    return _fields(PerfEventAttr)


def requests() -> str:
    """Return a table of the ioctl(2) requests for perf events."""
    return table(
        "request | number", ((f"`{one.name}`", f"`{int(one):#x}`") for one in perf_event_ioc)
    )


PARTS: dict[str, Callable[[], str]] = {
    "calls": calls,
    "commands": commands,
    "attrs": attrs,
    "infos": infos,
    "perf": perf,
    "requests": requests,
}
