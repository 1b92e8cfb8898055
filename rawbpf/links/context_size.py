"""Explain why a program that reads beyond its tracepoint's record cannot be attached.

The verifier does not know to which tracepoint a program will be attached. The verifier therefore
allows every access that is valid for some tracepoint, and records the end of the last one.
When the program is attached, the kernel compares this end with the size of the record:

    tracepoint      │ The record ends with the last field in events/GROUP/NAME/format. Attaching
                    │ fails with EACCES (4.7, perf_event_set_bpf_prog() in kernel/events/core.c).
    raw tracepoint  │ Each argument takes 8 bytes. Attaching fails with EINVAL (4.17,
                    │ __bpf_probe_register() in kernel/trace/bpf_trace.c). Kernel BTF contains the
                    │ arguments as the prototype ``btf_trace_NAME``. Its first parameter is not
                    │ passed to programs.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.context_accesses import context_accesses
from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import declaration
from rawbpf.errors import AttachError
from rawbpf.kernel.file_systems import tracefs
from rawbpf.kernel.hardware import read_text
from rawbpf.kernel.type_index import kernel_types
from rawbpf.specs.program_spec import ProbeKind
from rawbpf.uapi.btf import BTF_KIND_TYPEDEF

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.btf.btf import Btf
    from rawbpf.kernel.hardware import Root
    from rawbpf.specs.program_spec import ProbeSpec, ProgramSpec

__all__ = ["Record", "explain_size", "fields_of", "raw_arguments"]

_ERRNOS = {ProbeKind.TRACEPOINT: errno.EACCES, ProbeKind.RAW_TRACEPOINT: errno.EINVAL}

_FIELD = re.compile(r"\tfield:([^;\t\n]+);\s*offset:(\d+);\s*size:(\d+);")

_COMMON = 8
"""The size of the fields that all tracepoints share. Programs must not read these fields."""

_ARGUMENT = 8


class Record(NamedTuple):
    """The record that a tracepoint passes to a program: its size in bytes, and a line per field."""

    size: int
    fields: tuple[str, ...]


def explain_size(
    spec: ProgramSpec, probe: ProbeSpec, number: int, root: Root = "/"
) -> AttachError | None:
    """Return the error to raise if a program accesses bytes beyond the record of its tracepoint.

    The result is None if ``number`` is not the errno for such an access, or if no such access is
    found.
    """
    if number != _ERRNOS.get(probe.kind):
        return None
    raw = probe.kind is ProbeKind.RAW_TRACEPOINT
    record = _raw_record(probe.target, root) if raw else _record(probe.target, root)
    if record is None:
        return None
    beyond = [one for one in context_accesses(spec.code) if one.end > record.size]
    if not beyond:
        return None
    first = beyond[0]
    holder = "the arguments end" if raw else "the record ends"
    why = (
        f"program {spec.name!r} accesses bytes {first.offset} to {first.end - 1} of its context"
        f"{_where(spec.code, first.slot)}, but {holder} after {record.size} bytes on this kernel"
    )
    return AttachError(
        f"cannot attach to {probe}",
        errno=number,
        call="BPF_RAW_TRACEPOINT_OPEN" if raw else "PERF_EVENT_IOC_SET_BPF",
        why=why,
        fix=f"use what this kernel has: {', '.join(record.fields) or 'no fields'}",
    )


def _where(code: Bytecode, slot: int) -> str:
    source = code.source_at(slot)
    if source is None:
        return f" (slot {slot})"
    return f" ({source}: {source.read()})" if source.read() else f" ({source})"


def _record(name: str, root: Root) -> Record | None:
    place = tracefs(root)
    text = place and read_text(root, f"{place}/events/{name}/format")
    return fields_of(text) if text else None


def fields_of(text: str) -> Record:
    r"""Return the size of a tracepoint's record and its own fields, from its format file.

    >>> fields_of("\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
    ...           "\n\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n")
    Record(size=24, fields=('char comm[16] at offset 8',))
    """
    rows = [(name, int(offset), int(size)) for name, offset, size in _FIELD.findall(text)]
    return Record(
        max((offset + size for _, offset, size in rows), default=_COMMON),
        tuple(f"{name} at offset {offset}" for name, offset, _ in rows if offset >= _COMMON),
    )


def _raw_record(name: str, root: Root) -> Record | None:
    types = kernel_types(root)
    return None if types is None else raw_arguments(types, name)


def raw_arguments(types: Btf, name: str) -> Record | None:
    """Return the arguments of a raw tracepoint, or None if BTF does not contain the tracepoint.

    Tracepoints of modules are not in the BTF of the kernel image.
    """
    record = types.find(f"btf_trace_{name}", BTF_KIND_TYPEDEF)
    for kind in (t.Typedef, t.Ptr):
        if not isinstance(record, kind):
            return None
        record = types[record.type_id]
    if not isinstance(record, t.FuncProto):
        return None
    own = record.params[1:]
    shown = (
        f"args[{index}] is {declaration(types, one.type_id, one.name)}"
        for index, one in enumerate(own)
    )
    return Record(_ARGUMENT * len(own), tuple(shown))
