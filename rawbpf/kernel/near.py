"""Suggest kernel functions for a name that does not exist.

There are five possible causes, listed from most to least likely:

1. The kernel renamed the function, but books and articles use the old name.
2. System calls have prefixes: ``sys_read`` in the source is ``__x64_sys_read`` (4.17) or
   ``__arm64_sys_read``, and ``ksys_read`` inside the kernel.
3. The compiler made a variant and appended a suffix: ``f.isra.0``, ``f.constprop.0``.
4. The name is incomplete: ``tcp_v4_conn`` for ``tcp_v4_connect``.
5. The name contains a typing error. Comparing the name with 100,000 names one by one is slow, but
   up to two errors leave at least one third of the name intact, so only names that contain a third
   of it are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.arch import ARCHITECTURES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["near_names", "stem"]

_RENAMED = {
    "do_fork": ("kernel_clone",),
    "_do_fork": ("kernel_clone",),
    "do_sys_open": ("do_sys_openat2",),
    "kfree_skb": ("sk_skb_reason_drop", "kfree_skb_reason"),
}
"""Names that are common in examples, and the functions that replaced them, newest first."""

_SYSCALL_PREFIXES = (
    *(arch.syscall_prefix for arch in ARCHITECTURES.values()), "ksys_", "__do_sys_", "__se_sys_",
)  # fmt: skip
"""Prefixes of system calls, in the order in which they are tried."""

_OTHER_PREFIXES = (
    "sys_", *(prefix for arch in ARCHITECTURES.values() for prefix in arch.compat_prefixes),
)  # fmt: skip
"""A prefix that people write, and the prefixes of system calls made by 32-bit programs."""

_SHORTEST = 3
"""Names shorter than this are not compared."""

_SIMILAR = 0.75
"""Names whose difflib ratio is at least this high are considered similar."""


def near_names(name: str, names: Iterable[str], n: int = 3) -> list[str]:
    """Return up to ``n`` of ``names`` that are similar to ``name``, most similar first.

    >>> names = ["__x64_sys_read", "ksys_read", "vfs_read", "do_sys_openat2", "f.isra.0"]
    >>> near_names("sys_read", names)
    ['__x64_sys_read', 'ksys_read', 'vfs_read']
    >>> near_names("do_sys_open", names), near_names("f", names), near_names("vfs_raed", names)
    (['do_sys_openat2'], ['f.isra.0'], ['vfs_read'])
    """
    candidates = _Names(names)
    best: dict[str, None] = {}
    for search in (_renamed, _same_syscall, _same_stem, _goes_on, _slip):
        if len(best) < n:
            best.update(dict.fromkeys(one for one in search(name, candidates) if one != name))
    return list(best)[:n]


class _Names:
    """Names joined into one text with one name per line, so that a text search finds substrings.

    A loop over 60,000 names would take 50 ms, and two seconds on an emulated CPU.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._text = "\n".join(("", *names, ""))

    def __contains__(self, name: str) -> bool:
        return f"\n{name}\n" in self._text

    def holding(self, part: str) -> set[str]:
        """Return all names that contain ``part``.

        A newline in ``part`` matches the start or end of a name.
        """
        found, at, last = set(), self._text.find(part), len(self._text) - 1
        while 0 <= at < last:
            begin = self._text.rfind("\n", 0, at + 1) + 1
            end = self._text.find("\n", at + 1)
            found.add(self._text[begin:end])
            at = self._text.find(part, end)
        return found


def stem(name: str) -> str:
    """Return the name as written in the source code, without suffixes added by the compiler.

    >>> stem("tcp_ack.constprop.0")
    'tcp_ack'
    """
    return name.partition(".")[0]


def _renamed(name: str, candidates: _Names) -> list[str]:
    return [other for other in _RENAMED.get(name, ()) if other in candidates]


def _same_syscall(name: str, candidates: _Names) -> list[str]:
    prefixes = _SYSCALL_PREFIXES + _OTHER_PREFIXES
    bare = next((name.removeprefix(p) for p in prefixes if name.startswith(p)), name)
    return [prefix + bare for prefix in _SYSCALL_PREFIXES if prefix + bare in candidates]


def _same_stem(name: str, candidates: _Names) -> list[str]:
    same = candidates.holding(f"\n{stem(name)}.")
    return sorted(same | {one for one in (stem(name),) if one in candidates})


def _goes_on(name: str, candidates: _Names) -> list[str]:
    if len(name) < _SHORTEST:
        return []
    longer = [one for one in candidates.holding(name) if one.lstrip("_").startswith(name)]
    return sorted(longer, key=lambda other: (len(other), other))


def _slip(name: str, candidates: _Names) -> list[str]:
    if len(name) < _SHORTEST:
        return []
    from difflib import get_close_matches

    third = len(name) // 3
    thirds = name[:third], name[third : 2 * third], name[2 * third :]
    slack = max(3, len(name) // 4)
    intact = set().union(*map(candidates.holding, thirds))
    intact.discard(name)
    alike = sorted(other for other in intact if abs(len(other) - len(name)) <= slack)
    return get_close_matches(name, alike, n=3, cutoff=_SIMILAR)
