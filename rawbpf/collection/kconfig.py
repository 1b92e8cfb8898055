"""Externs of the section .kconfig: questions to the kernel's configuration, as constants.

The answers go to a read-only map, so the verifier knows them while it walks through the program,
and drops the branches that are not for this kernel. What the variable may hold depends on its
type in C:

    _Bool                  y or n          (m is an error: it is neither)
    enum libbpf_tristate   n, y or m, as 0, 1, 2
    char                   'y', 'n', 'm'
    other integers         a number
    char[]                 a string

Three names are no settings but this loader's answers: LINUX_KERNEL_VERSION (as KERNEL_VERSION()
packs it), LINUX_HAS_SYSCALL_WRAPPER, LINUX_HAS_BPF_COOKIE. The convention is libbpf's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import strip
from rawbpf.btf.values.codec import codec
from rawbpf.errors import RawbpfError, UnsupportedError, UsageError
from rawbpf.specs.object_spec import DataSpec, Variable

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.object_spec import ExternSpec, ObjectSpec

__all__ = ["KCONFIG", "kconfig_data"]

KCONFIG = ".kconfig"

_TRISTATE = {"n": 0, "y": 1, "m": 2}


def kconfig_data(spec: ObjectSpec, kernel: KernelFacts) -> DataSpec | None:
    """The section with this kernel's answers in it; None if the object asks for nothing."""
    externs = [one for one in spec.externs.values() if one.kind == "kconfig"]
    if not externs or spec.btf is None:
        return None
    contents = bytearray(max(one.offset + one.size for one in externs))
    for extern in externs:
        data = _answer(extern, spec.btf, kernel)
        contents[extern.offset : extern.offset + len(data)] = data
    variables = [Variable(one.name, one.offset, one.size) for one in externs]
    return DataSpec(KCONFIG, bytes(contents), tuple(sorted(variables, key=lambda v: v.offset)))


def _answer(extern: ExternSpec, types: Btf, kernel: KernelFacts) -> bytes:
    """The bytes of one variable."""
    value: int | str | None = _own_answer(extern.name, kernel)
    if value is None:
        text = kernel.setting(extern.name)
        if text is None:
            return _unset(extern)
        value = _convert(extern.name, text, types[strip(types, extern.type_id)])
    try:
        return codec(types, extern.type_id).encode(value)
    except UsageError as error:
        raise RawbpfError(f"extern {extern.name} cannot hold {value!r}", why=str(error)) from None


def _own_answer(name: str, kernel: KernelFacts) -> int | None:
    if name == "LINUX_KERNEL_VERSION":
        version = kernel.version
        return version.major << 16 | version.minor << 8 | min(version.patch, 255)
    if name == "LINUX_HAS_SYSCALL_WRAPPER":
        return int(kernel.wraps_syscalls)
    if name == "LINUX_HAS_BPF_COOKIE":
        return int(kernel.has_cookies)
    return None


def _unset(extern: ExternSpec) -> bytes:
    """Nothing set: zeros for a weak extern, an error for others."""
    if extern.weak or extern.name.startswith("LINUX_"):
        return bytes(extern.size)
    raise UnsupportedError(
        f"the object wants to know {extern.name}",
        why="it is not set, or /proc/config.gz and /boot/config-* are not there",
        fix="declare it __weak if the program can do without",
    )


def _convert(name: str, text: str, record: t.Type) -> int | str:
    """The setting's text as a value for the type."""
    if isinstance(record, t.Array):
        return text.strip('"')
    if text in _TRISTATE:
        return _letter(name, text, record)
    try:
        return int(text.strip('"'), 0)
    except ValueError:
        raise RawbpfError(f"extern {name} is no string", why=f"the kernel has {text}") from None


def _letter(name: str, text: str, record: t.Type) -> int:
    """Y, n or m, for a bool, a tristate or a char."""
    if isinstance(record, t.Int) and record.size == 1 and record.name not in ("_Bool", "bool"):
        return ord(text)
    if isinstance(record, t.Int) and text == "m":
        raise RawbpfError(
            f"extern {name} is m (a module)", why="a bool is y or n", fix="use libbpf_tristate"
        )
    return _TRISTATE[text]
