"""Explain rejections by features that an object's programs need and this kernel lacks.

A field that is missing on this kernel, or a weak kernel function that is absent, leaves an
instruction that every verifier rejects. Usually the program checks for the feature first, so that
the verifier never reaches the instruction. If the verifier reaches such an instruction, its log
reports an unknown helper. A gap gives the name and type of the missing field, or the name of the
missing function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.collection.ksyms import ABSENT_CALL
from rawbpf.core_relo.match import NO_TYPE
from rawbpf.programs.request import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.core_relo import Result

__all__ = ["gaps"]

_FROM_A_MODULE = (
    "if the type belongs to a module that is not loaded, load the module: modprobe MODULE"
)


def gaps(results: Iterable[Result], externs: Iterable[str]) -> tuple[Gap, ...]:
    """Return the gaps of one program, with absent functions before failed relocations.

    ``results`` are the results of the program's relocations, and ``externs`` are the names of the
    object's externs in file order.
    """
    return (*_functions(externs), *(_relocation(one) for one in results if one.target is None))


def _functions(externs: Iterable[str]) -> Iterator[Gap]:
    for number, name in enumerate(externs, ABSENT_CALL):
        yield Gap(
            f"calls {name}",
            "this kernel has no such function",
            f"check whether it exists first: if ({name})",
            helper=number,
        )


def _relocation(failed: Result) -> Gap:
    where = f" ({failed.source})" if failed.source else ""
    return Gap(
        f"needs {failed.access}{where}",
        failed.missing or "this kernel lacks the type or field",
        _FROM_A_MODULE if failed.missing.startswith(NO_TYPE) else None,
        slot=failed.slot,
    )
