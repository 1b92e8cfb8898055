"""Explain references that cannot be resolved: undefined symbols, and misplaced definitions."""

from __future__ import annotations

import re

from rawbpf.errors import FormatError
from rawbpf.specs.undefined_calls import why_undefined

__all__ = ["misplaced", "undefined"]


def undefined(name: str, *, is_call: bool) -> FormatError:
    """Return the error for a symbol that the code uses and the object does not define.

    >>> print(undefined("bpf_ktime_get_ns", is_call=True))  # doctest: +ELLIPSIS
    unresolved call to 'bpf_ktime_get_ns': the helper's prototype is missing; add #include ...
    """
    if not is_call:
        return FormatError(
            f"unresolved reference to {name!r}",
            why="the symbol is not defined",
            fix="define the variable in this file, or declare the symbol with __ksym (a kernel "
            "variable) or __kconfig (a kernel option)",
        )
    why, fix = why_undefined(name)
    return FormatError(f"unresolved call to {name!r}", why=why, fix=fix)


def misplaced(name: str, section: str) -> FormatError:
    """Return the error for a reference to a definition in a section that is not loaded.

    >>> print(misplaced("seen", "mydata"))  # doctest: +ELLIPSIS
    invalid reference to 'seen': the symbol is in section mydata, but variables must be in ...
    """
    what = f"invalid reference to {name!r}"
    if section.lower().endswith("maps"):
        return FormatError(
            what,
            why=f"the symbol is in section {section}, but maps must be in section .maps",
            fix=f'write struct {{ __uint(type, ...); ... }} {name} SEC(".maps")',
        )
    suffix = re.sub(r"\W+", "_", section).strip("_")
    return FormatError(
        what,
        why=f"the symbol is in section {section}, but variables must be in .data, .rodata or .bss",
        fix=f'write SEC(".data.{suffix}"), or SEC(".rodata.{suffix}") for constants, or omit SEC()',
    )
