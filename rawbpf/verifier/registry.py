"""Collect all rules in ``rules/``. The rules are imported only when a program is rejected."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING

from rawbpf.verifier import rules as package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.verifier.rule import Rule

__all__ = ["all_rules", "matches"]


@cache
def all_rules() -> dict[str, Rule]:
    """Map each code to its rule, sorted by code.

    >>> next(iter(all_rules()))
    'RB-V001'
    """
    below = walk_packages(package.__path__, prefix=f"{package.__name__}.")
    modules = [import_module(one.name) for one in below if not one.ispkg]
    found = [module.RULE for module in modules if hasattr(module, "RULE")]
    return {one.code: one for one in sorted(found, key=lambda one: one.code)}


def matches(message: str) -> Iterator[tuple[Rule, re.Match[str]]]:
    """Yield each rule that matches a message, with its match; general rules come last."""
    for one in sorted(all_rules().values(), key=lambda one: one.general):
        for pattern in one.patterns:
            # Compiling patterns takes most of the time, so only patterns that may match are
            # compiled.
            if _literal(pattern) in message:
                found = re.search(pattern, message, re.MULTILINE)
                if found:
                    yield one, found
                    break


_GROUP = re.compile(r"(?<!\\)\((?:[^()\\]|\\.)*\)[?*+]?|(?<!\\)\[(?:\\.|[^\]\\])*\][?*+]?")
_SPECIAL = re.compile(r"\\[A-Za-z][?*+]?|\\?.(?=[?*{])|(?<!\\)[.^$|?*+]|\{[^}]*\}")


@cache
def _literal(pattern: str) -> str:
    r"""Return a text that every match of the pattern contains, or "" if there is no such text.

    >>> _literal(r"R(?P<reg>\d+) invalid mem access '(?P<type>\w+)'")
    " invalid mem access '"
    """
    rest, count = pattern, 1
    while count:
        rest, count = _GROUP.subn("\0", rest)
    if "|" in rest.replace(r"\|", ""):
        return ""
    parts = _SPECIAL.sub("\0", rest).split("\0")
    longest = max(parts, key=len)
    return re.sub(r"\\(.)", r"\1", longest)
