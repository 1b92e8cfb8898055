"""Generate a C header with all of vmlinux.h, or with only the definitions that given types need.

BPF headers test ``__VMLINUX_H__`` to determine whether the kernel's types are already defined.
``preserve_access_index`` makes clang record a CO-RE relocation for each member access, so that the
program also runs on kernels where the member has a different offset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import Budget
from rawbpf.btf.ctext.definition import Definer
from rawbpf.btf.ctext.order import definitions, is_definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["c_header"]

_OPEN = """\
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#if defined(__bpf__) && !defined(BPF_NO_PRESERVE_ACCESS_INDEX)
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

"""

_KFUNCS = """\
#ifndef BPF_NO_KFUNC_PROTOTYPES
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif

"""

_CLOSE = """\
#if defined(__bpf__) && !defined(BPF_NO_PRESERVE_ACCESS_INDEX)
#pragma clang attribute pop
#endif

#endif
"""

_C23 = ("bool", "false", "true")
"""C23 keywords that the kernel defines itself."""


def c_header(btf: Btf, roots: Iterable[int] | None = None) -> Iterator[str]:
    """Generate the header in chunks.

    It contains all of the blob's own types, or only the types that ``roots`` need.

    Raises FormatError if the BTF is damaged, possibly after some chunks have been yielded.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> _ = builder.add_int("int", 4), builder.add(t.Typedef("pid_t", 1))
    >>> print("".join(c_header(Btf.from_bytes(builder.encode()))).splitlines()[7])
    typedef int pid_t;
    """
    budget = Budget(btf.words)
    header = _Header(btf, Definer(btf, budget), budget)
    yield _OPEN
    yield from header.everything() if roots is None else header.chosen(list(roots))
    yield _CLOSE


class _Header:
    def __init__(self, btf: Btf, definer: Definer, budget: Budget) -> None:
        self._btf, self._definer, self._budget = btf, definer, budget

    def everything(self) -> Iterator[str]:
        named, enums, kfuncs = [], [], []
        for type_id, record in self._btf:
            if is_definition(record):
                named.append(type_id)
            elif isinstance(record, t.Enum | t.Enum64):
                enums.append(type_id)
            elif isinstance(record, t.DeclTag) and record.name == "bpf_kfunc":
                kfuncs.append(record.type_id)
        externs = self._reserve(list(dict.fromkeys(kfuncs)))
        yield from self._definitions([*named, *externs])
        # Anonymous enums that no definition uses; only their constants matter.
        for type_id in enums:
            if type_id not in self._definer.enums_written:
                yield _guard(self._btf[type_id], self._definer.enum("enum", type_id))
        if externs:
            lines = (self._extern(extern, " __weak __ksym") for extern in externs)
            yield _KFUNCS + "".join(lines) + "\n#endif\n\n"

    def chosen(self, roots: list[int]) -> Iterator[str]:
        externs = self._reserve(roots)
        yield from self._definitions(roots)
        for extern in externs:
            yield self._extern(extern) + "\n"

    def _reserve(self, roots: list[int]) -> list[int]:
        """Return functions and variables.

        Their names are assigned first because functions and variables cannot have flavours.
        """
        externs = [i for i in roots if isinstance(self._btf[i], t.Func | t.Var)]
        for type_id in externs:
            self._definer.name(type_id)
        return externs

    def _definitions(self, roots: list[int]) -> Iterator[str]:
        for step in definitions(self._btf, roots, self._budget):
            record = self._btf[step.type_id]
            if step.declare or isinstance(record, t.Fwd):
                yield f"{self._definer.tag(step.type_id)};\n\n"
            elif is_definition(record):
                yield _guard(record, self._definer.definition(step.type_id))

    def _extern(self, type_id: int, attributes: str = "") -> str:
        record = self._btf[type_id]
        assert isinstance(record, t.Func | t.Var)
        text = self._definer.declare(record.type_id, self._definer.name(type_id))
        return f"extern {text}{attributes};\n"


def _guard(record: t.Type, text: str) -> str:
    """Return a definition, guarded by #if if the name is a keyword in C23."""
    names = {getattr(record, "name", "")}
    if isinstance(record, t.Enum):
        names |= {value.name for value in record.values}
    if names.isdisjoint(_C23):
        return f"{text};\n\n"
    return f"#if __STDC_VERSION__ < 202311L\n{text};\n#endif\n\n"
