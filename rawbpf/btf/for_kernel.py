"""Adjust an object's BTF so that the kernel accepts it, without changing type IDs.

Compilers emit externs and omit information that only the linker has; the kernel rejects such BTF.
Types are therefore adjusted before BPF_BTF_LOAD:

    DATASEC     gets its size and offsets: for a data section those of its contents, otherwise the
                variables follow each other
    extern      variables become ordinary ones; kernel symbols, whose types may be unknown, and the
                section that lists them become integers
    FUNC        an extern function becomes global, and its parameters get names; a hidden function
                becomes static, so that the verifier checks it anew for each call
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.sanitize import kinds_of, sanitized
from rawbpf.btf.sizes import align_of, size_of
from rawbpf.uapi.btf import (
    BTF_FUNC_EXTERN,
    BTF_FUNC_GLOBAL,
    BTF_FUNC_STATIC,
    BTF_KIND_DATASEC,
    BTF_KIND_FUNC,
    BTF_KIND_FUNC_PROTO,
    BTF_KIND_VAR,
    BTF_VAR_GLOBAL_ALLOCATED,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rawbpf.btf.btf import Btf

__all__ = ["for_kernel"]

_SYMBOLS = ".ksyms"
_ADJUSTED = (BTF_KIND_DATASEC, BTF_KIND_VAR, BTF_KIND_FUNC, BTF_KIND_FUNC_PROTO)
"""The kinds of types that may need to be adjusted."""


def for_kernel(
    btf: Btf,
    places: Mapping[str, tuple[int, Mapping[str, int]]],
    missing: Collection[str] = (),
    hidden: Collection[str] = (),
) -> BtfBuilder:
    """Return the adjusted types, with the ``sanitize.FEATURES`` listed in ``missing`` replaced.

    ``places``: section -> its size, and the offset of each variable. ``hidden``: names of
    functions.

    >>> from rawbpf.btf.btf import Btf
    >>> b = BtfBuilder()
    >>> variable = b.add_var("hits", b.add_int("u32", 4))
    >>> _ = b.add_datasec(".bss", 0, [(variable, 0, 4)])
    >>> Btf(for_kernel(Btf(b.encode()), {".bss": (8, {"hits": 4})}).encode())[3].variables
    (SecVar(type_id=2, offset=4, size=4),)
    """
    return _Adjuster(btf, places, missing, hidden).builder()


class _Adjuster:
    def __init__(
        self,
        btf: Btf,
        places: Mapping[str, tuple[int, Mapping[str, int]]],
        missing: Collection[str],
        hidden: Collection[str],
    ) -> None:
        self.btf, self.places, self.missing, self.hidden = btf, places, missing, hidden
        self.symbols: set[int] = set()
        self.prototypes: set[int] = set()
        self.touched = btf.of_kinds({*_ADJUSTED, *kinds_of(missing)})
        for type_id in self.touched:
            record = btf[type_id]
            if isinstance(record, t.DataSec) and record.name == _SYMBOLS:
                self.symbols |= {one.type_id for one in record.variables}
            elif isinstance(record, t.Func) and record.linkage == BTF_FUNC_EXTERN:
                self.prototypes.add(record.type_id)

    def builder(self) -> BtfBuilder:
        """Return a builder that contains all types, most of which are copied without decoding."""
        btf = self.btf
        builder = BtfBuilder(btf.base, btf.order, btf.strings.data)
        for type_id in self.touched:
            if btf.kind(type_id) == BTF_KIND_FUNC_PROTO and type_id not in self.prototypes:
                continue
            builder.copy(btf.raw(builder.next_id, type_id), type_id - builder.next_id)
            record = self._adjusted(type_id, btf[type_id])
            builder.add(sanitized(record, self.missing))
        end = len(btf)
        builder.copy(btf.raw(builder.next_id, end), end - builder.next_id)
        return builder

    def _adjusted(self, type_id: int, record: t.Type) -> t.Type:
        if isinstance(record, t.DataSec):
            return self._section(record)
        if isinstance(record, t.Var):
            if type_id in self.symbols:
                return t.Int(record.name, 4, 32)
            return record._replace(linkage=min(record.linkage, BTF_VAR_GLOBAL_ALLOCATED))
        if isinstance(record, t.Func):
            return record._replace(linkage=self._linkage(record))
        if isinstance(record, t.FuncProto) and type_id in self.prototypes:
            return record._replace(params=tuple(map(_with_name, record.params)))
        return record

    def _linkage(self, record: t.Func) -> int:
        if record.name in self.hidden:
            return BTF_FUNC_STATIC
        return min(record.linkage, BTF_FUNC_GLOBAL)

    def _section(self, record: t.DataSec) -> t.Type:
        if record.name == _SYMBOLS or not record.variables:
            return t.Int("ksyms", 4, 32)
        size, offsets = self.places.get(record.name) or self._in_a_row(record)
        placed = []
        for one in record.variables:
            variable = self.btf[one.type_id]
            if isinstance(variable, t.Var):
                offset = offsets.get(variable.name, 0)
                placed.append(t.SecVar(one.type_id, offset, size_of(self.btf, variable.type_id)))
        placed.sort(key=lambda one: one.offset)
        return record._replace(size=size, variables=tuple(placed))

    def _in_a_row(self, record: t.DataSec) -> tuple[int, dict[str, int]]:
        end, offsets, known = 0, {}, dict[int, int]()
        for one in record.variables:
            variable = self.btf[one.type_id]
            if isinstance(variable, t.Var):
                align = align_of(self.btf, variable.type_id, known)
                start = -(-end // align) * align
                offsets[variable.name] = start
                end = start + size_of(self.btf, variable.type_id)
        return max(end, 1), offsets


def _with_name(param: t.Param) -> t.Param:
    """Return the parameter, giving it a name if it has none.

    The parameter ``...``, which has neither name nor type, is unchanged.
    """
    return param._replace(name="_") if param.type_id and not param.name else param
