"""Explain calls of functions that the object does not define, from the function's name.

clang compiles a call of any declared function, and leaves it to the linker to find the function.
BPF objects are linked neither with a C library nor with compiler-rt. clang itself rejects some of
the calls that it generates: "A call to built-in function 'memset' is not supported".
"""

from __future__ import annotations

import re

from rawbpf.uapi.bpf_insn import HELPERS

__all__ = ["why_undefined"]

_MEMORY = ("memset", "memcpy", "memmove", "memcmp", "bcmp", "bzero")

_ARITHMETIC = re.compile(r"__[a-z]+[dstx][ifc]([dstx][if])?[0-9]?")
"""Functions of compiler-rt, such as __divti3, __multi3, __adddf3 and __floatsidf."""


def why_undefined(name: str) -> tuple[str, str]:
    """Return why a call of a function remains undefined, and how to fix the source.

    >>> why_undefined("bpf_ktime_get_ns")
    ("the helper's prototype is missing", 'add #include <bpf/bpf_helpers.h>')
    """
    if name.startswith("bpf_") and name.removeprefix("bpf_") in HELPERS:
        return "the helper's prototype is missing", "add #include <bpf/bpf_helpers.h>"
    if name in _MEMORY:
        return (
            "BPF has no C library, and clang replaces only calls whose size is constant and small",
            f"call __builtin_{name} with a constant size, or write a loop, and compile with -O2",
        )
    if _ARITHMETIC.fullmatch(name):
        return (
            "clang calls this function for arithmetic that BPF lacks",
            "use integers of at most 64 bits instead of 128-bit or floating-point numbers",
        )
    why = "the function is not defined in this object, and BPF programs cannot call the C library"
    fix = (
        "define the function in this file, declare a kernel function (kfunc) with __ksym, or link "
        "the object that defines it (bpftool gen object)"
    )
    return why, fix
