"""All rules for calls and for types: found by looking into the folders that hold them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from rawbpf.refusals import rules as calls_package
from rawbpf.refusals import types as types_package

if TYPE_CHECKING:
    from types import ModuleType

    from rawbpf.refusals.rule import Rule
    from rawbpf.refusals.types_rule import TypesRule

__all__ = ["rules", "types_rules"]


def _found(package: ModuleType) -> dict[str, Any]:
    names = (f"{package.__name__}.{one.name}" for one in iter_modules(package.__path__))
    found = [module.RULE for module in map(import_module, names) if hasattr(module, "RULE")]
    return {one.code: one for one in sorted(found, key=lambda one: one.code)}


@cache
def rules() -> dict[str, Rule]:
    """Code -> rule, in the order of codes.

    >>> next(iter(rules()))
    'RB-E001'
    """
    return _found(calls_package)


@cache
def types_rules() -> dict[str, TypesRule]:
    """The same for what BPF_BTF_LOAD says.

    >>> next(iter(types_rules()))
    'RB-T001'
    """
    return _found(types_package)
