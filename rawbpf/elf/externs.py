"""Externs: undefined symbols, and what BTF says they are.

extern int LINUX_KERNEL_VERSION __kconfig    a variable in section .kconfig
extern const struct rq runqueues __ksym      a variable in section .ksyms
extern void bpf_rcu_read_lock(void) __ksym   a function in section .ksyms
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import align_of, size_of
from rawbpf.elf import layout as elf
from rawbpf.specs.object_spec import ExternSpec
from rawbpf.uapi.btf import BTF_KIND_DATASEC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.btf.btf import Btf
    from rawbpf.elf.read import ObjectFile

__all__ = ["externs"]


def externs(file: ObjectFile, btf: Btf | None) -> dict[str, ExternSpec]:
    """By name; those of .kconfig with their places. Undefined symbols without a type are left out.

    What the code makes of them decides whether that is an error.
    """
    if btf is None:
        return {}
    wanted = {
        symbol.name: symbol.binding == elf.STB_WEAK
        for symbol in file.symbols
        if symbol.section == elf.SHN_UNDEF and symbol.name
    }
    settings = list(_declared(btf, ".kconfig", "kconfig", wanted))
    names = _declared(btf, ".ksyms", "ksym", wanted)
    return {one.name: one for one in (*_placed(settings, btf), *names)}


def _declared(btf: Btf, section: str, kind: str, wanted: dict[str, bool]) -> Iterable[ExternSpec]:
    record = btf.find(section, BTF_KIND_DATASEC)
    if not isinstance(record, t.DataSec):
        return
    for one in record.variables:
        declared = btf[one.type_id]
        name = getattr(declared, "name", "")
        if name not in wanted:
            continue
        if isinstance(declared, t.Func):
            yield ExternSpec(name, "kfunc", one.type_id, wanted[name])
        elif isinstance(declared, t.Var):
            yield ExternSpec(name, kind, declared.type_id, wanted[name])


def _placed(settings: list[ExternSpec], btf: Btf) -> list[ExternSpec]:
    """One behind the other: the largest alignment first, so that there are no holes."""
    known: dict[int, int] = {}
    sized = [one._replace(size=size_of(btf, one.type_id)) for one in settings]
    aligns = {one.name: align_of(btf, one.type_id, known) for one in sized}
    placed, end = [], 0
    for one in sorted(sized, key=lambda one: (-aligns[one.name], one.size, one.name)):
        offset = -(-end // aligns[one.name]) * aligns[one.name]
        placed.append(one._replace(offset=offset))
        end = offset + one.size
    return placed
