"""Does BPF_BTF_LOAD know this kind of type? Load the smallest BTF that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.encode import BtfBuilder
from rawbpf.features.answer import Answer, attempt
from rawbpf.syscall.bpf import btf_load

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["btf_kind", "decl_tag", "enum64", "float_", "type_tag"]


def btf_kind(name: str, build: Callable[[BtfBuilder], int]) -> Answer:
    """Load a BTF that holds what ``build`` adds."""
    builder = BtfBuilder()
    build(builder)
    return attempt(f"load BTF with a {name}", lambda: btf_load(builder.encode()))


def float_(b: BtfBuilder) -> int:
    """``float``."""
    return b.add(t.Float("float", 4))


def decl_tag(b: BtfBuilder) -> int:
    """``typedef int number __attribute__((btf_decl_tag("tag")))``."""
    return b.add(t.DeclTag("tag", b.add(t.Typedef("number", b.add_int("int", 4))), -1))


def type_tag(b: BtfBuilder) -> int:
    """``int __attribute__((btf_type_tag("tag"))) *``."""
    return b.add_ptr(b.add(t.TypeTag("tag", b.add_int("int", 4))))


def enum64(b: BtfBuilder) -> int:
    """``enum { BIG = 1ULL << 32 }``."""
    return b.add(t.Enum64("big", 8, (t.Enumerator("BIG", 1 << 32),), signed=False))
