"""Which of root's powers this process has.

/proc/self/status shows the effective set as a hexadecimal mask: ``CapEff: 000001ffffffffff``.
Loading a tracing program needs CAP_BPF and CAP_PERFMON (5.8); CAP_SYS_ADMIN stands for either, as
before 5.8.

Capabilities count in the user namespace that granted them. "root" in a rootless container has a
full mask, and bpf(2) still says EPERM, since it asks for the *initial* namespace. The kernel gives
that one a fixed inode, 0xEFFFFFFD (PROC_USER_INIT_INO in include/linux/proc_ns.h).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rawbpf.kernel.files import Root, at, read_text
from rawbpf.uapi.capability import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["effective_capabilities", "in_initial_user_namespace", "missing_capabilities"]

_IMPLIED_BY_SYS_ADMIN = frozenset({"CAP_BPF", "CAP_PERFMON"})
_PROC_USER_INIT_INO = 0xEFFFFFFD


def effective_capabilities(root: Root = "/") -> frozenset[str]:
    """The names of the capabilities in force. A bit that is newer than our table is left out."""
    found = re.search(
        r"^CapEff:\s*([0-9a-fA-F]{1,16})$", read_text(root, "/proc/self/status") or "", re.MULTILINE
    )
    mask = int(found[1], 16) if found else 0
    return frozenset(name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1)


def missing_capabilities(needed: Iterable[str], root: Root = "/") -> list[str]:
    """Those of ``needed`` that the process lacks, sorted; none if CAP_SYS_ADMIN stands in.

    Says nothing of user namespaces: see ``in_initial_user_namespace``.
    """
    held = effective_capabilities(root)
    if "CAP_SYS_ADMIN" in held:
        held |= _IMPLIED_BY_SYS_ADMIN
    return sorted(set(needed) - held)


def in_initial_user_namespace(root: Root = "/") -> bool:
    """Whether capabilities here are worth something to bpf(2).

    >>> in_initial_user_namespace("/nonexistent")   # a kernel without user namespaces
    True
    """
    try:
        link = os.readlink(at(root, "/proc/self/ns/user"))  # noqa: PTH115 -- see files.at
    except FileNotFoundError:
        return True
    return link == f"user:[{_PROC_USER_INIT_INO}]"
