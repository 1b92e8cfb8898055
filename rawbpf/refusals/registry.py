"""Collect all rules that explain failed loads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rawbpf.refusals.rules import fields, map_sizes, maps, programs, rights, types

if TYPE_CHECKING:
    from rawbpf.refusals.rule import Rule, TypesRule

__all__ = ["rules", "types_rules"]

_MODULES = (rights, programs, fields, maps, map_sizes)


@cache
def rules() -> dict[str, Rule]:
    """Maps each code to its rule about calls, sorted by code.

    >>> next(iter(rules()))
    'RB-E001'
    """
    found = [rule for module in _MODULES for rule in module.RULES]
    return {one.code: one for one in sorted(found, key=lambda one: one.code)}


@cache
def types_rules() -> dict[str, TypesRule]:
    """Maps each code to its rule about BPF_BTF_LOAD messages, sorted by code.

    >>> next(iter(types_rules()))
    'RB-T001'
    """
    return {one.code: one for one in types.RULES}
