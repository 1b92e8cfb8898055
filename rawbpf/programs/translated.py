"""Decode a program as translated by the kernel, with the names of functions, maps and helpers.

The kernel's internal instructions are described in ``rawbpf.asm.internal``. Names come from

    the program's BTF    │ functions (func_info) and source lines (line_info)
    the maps             │ the instructions contain IDs, struct bpf_map_info the names
    /proc/kallsyms       │ helpers: imm is the offset of the helper from __bpf_call_base, or 0 if
                         │ kptr_restrict hides addresses
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64, Source, slots_of
from rawbpf.asm.internal import decode_internal, internal_text
from rawbpf.asm.link import callee
from rawbpf.btf import types as t
from rawbpf.btf.ext_info import unpack_func_info, unpack_line_info
from rawbpf.elf.code import CodeSection
from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.kernel.btf_objects import btf_by_id
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.maps.map import Map
from rawbpf.syscall.bpf import prog_info
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rawbpf.asm.instruction import Instruction
    from rawbpf.btf.btf import Btf
    from rawbpf.programs.program import KernelProgram
    from rawbpf.uapi.bpf_attr import BpfProgInfo

__all__ = ["full_name", "translated"]

_NAME_LENGTH = 15
_CALL = isa.BPF_JMP | isa.BPF_CALL
_HELPERS = (0, isa.BPF_PSEUDO_KFUNC_CALL)
_LOW_HALF = 0xFFFF_FFFF


def translated(program: KernelProgram) -> CodeSection:
    """Decode the code, using symbolic names.

    Raises KernelError (EPERM) if the process is not permitted to see the instructions.
    """
    info, arrays = prog_info(program.fileno(), "xlated", "func_info", "line_info")
    name = info.name.decode(errors="backslashreplace")
    if not arrays["xlated"]:
        raise KernelError(
            f"cannot read the instructions of program {name!r}",
            errno=errno.EPERM,
            call="BPF_OBJ_GET_INFO_BY_FD",
            why=(
                "the kernel shows instructions only to processes with CAP_BPF, and only if "
                "net.core.bpf_jit_harden is off"
            ),
            fix="run the command with sudo",
        )
    types = btf_by_id(info.btf_id) if info.btf_id else None
    instructions = decode_internal(arrays["xlated"])
    rows = list(zip(slots_of(instructions), instructions, strict=False))
    functions = _functions(arrays["func_info"], info, types)
    for target in sorted({c for at, one in rows if (c := callee(one, at)) is not None}):
        functions.setdefault(target, f"function_{target}")
    functions.setdefault(0, name or "program")
    return CodeSection(
        "",
        instructions,
        functions,
        _helpers(rows),
        _lines(arrays["line_info"], info, types),
        dict(_texts(rows)),
    )


def full_name(program: KernelProgram) -> str:
    """Return the full name, taken from BTF if the kernel may have truncated it to 15 characters."""
    info, arrays = prog_info(program.fileno(), "func_info")
    name: str = info.name.decode(errors="backslashreplace")
    if len(name) < _NAME_LENGTH or not info.btf_id:
        return name
    return _functions(arrays["func_info"], info, btf_by_id(info.btf_id)).get(0, name)


def _functions(data: bytes, info: BpfProgInfo, types: Btf | None) -> dict[int, str]:
    """Map each function's first slot to the function's name."""
    found: dict[int, str] = {}
    if types is not None and data:
        for record in unpack_func_info(data, info.func_info_rec_size):
            function = types[record.type_id]
            if isinstance(function, t.Func):
                found[record.insn_off] = function.name
    return found


def _lines(data: bytes, info: BpfProgInfo, types: Btf | None) -> dict[int, Source]:
    """Map slots to source lines of the program."""
    if types is None or not data:
        return {}
    records = unpack_line_info(data, info.line_info_rec_size, types.strings.text)
    return {one.insn_off: Source(one.file, one.line, one.text.strip()) for one in records}


def _helpers(rows: list[tuple[int, Instruction]]) -> dict[int, str]:
    """Map the slot of each call to a kernel function to the function's name."""
    calls = {at: one.imm for at, one in rows if one.opcode == _CALL and one.src in _HELPERS}
    shown = {at: imm for at, imm in calls.items() if imm}
    names: Mapping[int, str] = {}
    if shown:
        try:
            kallsyms = read_kallsyms()
        except UnsupportedError:
            return dict.fromkeys(calls, "unknown")
        base = next((one.address for one in kallsyms.lookup("__bpf_call_base")), 0)
        if base:
            found = kallsyms.names_at({base + imm for imm in shown.values()})
            names = {address - base: name for address, name in found.items()}
    return {at: names.get(imm, "unknown") for at, imm in calls.items()}


def _texts(rows: list[tuple[int, Instruction]]) -> Iterator[tuple[int, str]]:
    """Yield the slot and text of each internal instruction and each load of a map."""
    names: dict[int, str] = {}
    for at, one in rows:
        if one.opcode == LD_IMM64 and one.src in (isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_VALUE):
            yield at, _map_text(one, names)
        else:
            text = internal_text(one)
            if text is not None:
                yield at, text


def _map_text(one: Instruction, names: dict[int, str]) -> str:
    number, offset = one.imm & _LOW_HALF, one.imm >> 32
    if number not in names:
        names[number] = _map_name(number)
    text = f"map_by_id({names[number]})"
    if one.src == isa.BPF_PSEUDO_MAP_VALUE:
        text = f"map_val({text})" + (f" + {offset}" if offset else "")
    return f"r{one.dst} = {text} ll"


def _map_name(number: int) -> str:
    """Format a map as ``27 events``, or as its ID if the name is unavailable."""
    try:
        with Map.from_id(number) as one:
            return f"{number} {one.spec.name}".strip()
    except KernelError:
        return str(number)
