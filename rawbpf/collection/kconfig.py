"""Externs in section .kconfig, which expose kernel configuration options as constants.

The values are stored in a read-only map, so that the verifier knows them and skips branches for
other kernels. The accepted values depend on the C type of the variable:

    _Bool                 │ y or n          (m is an error)
    enum libbpf_tristate  │ n, y or m, as 0, 1, 2
    char                  │ 'y', 'n', 'm'
    other integers        │ a number
    char[]                │ a string

The loader itself computes the values of three names: LINUX_KERNEL_VERSION (in the format of
KERNEL_VERSION()), LINUX_HAS_SYSCALL_WRAPPER and LINUX_HAS_BPF_COOKIE. This follows libbpf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import strip
from rawbpf.btf.values.codec import codec
from rawbpf.errors import RawbpfError, UnsupportedError, UsageError
from rawbpf.specs.object_spec import DataSpec, Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.btf.btf import Btf
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.object_spec import ExternSpec, ObjectSpec

__all__ = ["KCONFIG", "ignore", "kconfig_data"]

KCONFIG = ".kconfig"

_TRISTATE = {"n": 0, "y": 1, "m": 2}


def ignore(_warning: str) -> None:
    """Ignore a warning."""


def kconfig_data(
    spec: ObjectSpec, kernel: KernelFacts, warn: Callable[[str], object] = ignore
) -> DataSpec | None:
    """Return the section with this kernel's values, or None if the object has no externs in it.

    Strings that are too long for their variables are truncated, as in libbpf. ``warn`` is called
    with a line of text for each truncated string.
    """
    externs = [one for one in spec.externs.values() if one.kind == "kconfig"]
    if not externs or spec.btf is None:
        return None
    contents = bytearray(max(one.offset + one.size for one in externs))
    for extern in externs:
        data = _encoded(extern, spec.btf, kernel, warn)
        contents[extern.offset : extern.offset + len(data)] = data
    variables = [Variable(one.name, one.offset, one.size) for one in externs]
    return DataSpec(KCONFIG, bytes(contents), tuple(sorted(variables, key=lambda v: v.offset)))


def _encoded(
    extern: ExternSpec, types: Btf, kernel: KernelFacts, warn: Callable[[str], object]
) -> bytes:
    """Return the bytes of one variable."""
    value: int | str | None = _computed(extern.name, kernel)
    if value is None:
        text = kernel.setting(extern.name)
        if text is None:
            return _unset(extern)
        value = _convert(extern.name, text, types[strip(types, extern.type_id)])
    if isinstance(value, str) and len(value.encode()) >= extern.size > 0:
        cut = value.encode()[: extern.size - 1]
        warn(
            f"{extern.name} is {len(value.encode())} bytes long in this kernel; the "
            f"variable contains only the first {len(cut)} bytes"
        )
        return cut + b"\0"
    try:
        return codec(types, extern.type_id).encode(value)
    except UsageError as error:
        what = f"the value {value!r} does not fit into extern {extern.name}"
        raise RawbpfError(what, why=str(error)) from None


def _computed(name: str, kernel: KernelFacts) -> int | None:
    if name == "LINUX_KERNEL_VERSION":
        version = kernel.version
        return version.major << 16 | version.minor << 8 | min(version.patch, 255)
    if name == "LINUX_HAS_SYSCALL_WRAPPER":
        return int(kernel.wraps_syscalls)
    if name == "LINUX_HAS_BPF_COOKIE":
        return int(kernel.has_cookies)
    return None


def _unset(extern: ExternSpec) -> bytes:
    """Return zeros for a weak extern without a value; for other externs, raise an error."""
    if extern.weak or extern.name.startswith("LINUX_"):
        return bytes(extern.size)
    raise UnsupportedError(
        f"the object needs {extern.name}",
        why="the option is not set, or neither /proc/config.gz nor /boot/config-* can be read",
        fix="declare the extern __weak if the program works without it",
    )


def _convert(name: str, text: str, record: t.Type) -> int | str:
    """Convert the text of a configuration option to a value of the variable's type."""
    if isinstance(record, t.Array):
        return text.strip('"')
    if text in _TRISTATE:
        return _letter(name, text, record)
    try:
        return int(text.strip('"'), 0)
    except ValueError:
        what = f"extern {name} is declared as a number"
        raise RawbpfError(what, why=f"the option's value in this kernel is {text}") from None


def _letter(name: str, text: str, record: t.Type) -> int:
    """Convert y, n or m to a bool, a tristate or a char."""
    if isinstance(record, t.Int) and record.size == 1 and record.name not in ("_Bool", "bool"):
        return ord(text)
    if isinstance(record, t.Int) and text == "m":
        raise RawbpfError(
            f"extern {name} is declared as a bool",
            why="the option's value in this kernel is m (a module)",
            fix="declare the extern as enum libbpf_tristate",
        )
    return _TRISTATE[text]
