"""Lockdown: what the kernel refuses even to root (5.4).

securityfs shows the choices with the present one in brackets: ``none [integrity] confidentiality``.
*Integrity* forbids changing the running kernel, and upstream that leaves kprobes usable.
*Confidentiality* also forbids reading it: kprobes, kernel reads by BPF programs, perf's view of the
kernel, tracefs. A vendor's kernel may refuse more. Usually Secure Boot turns it on.

Source: security/lockdown/lockdown.c and include/linux/security.h (enum lockdown_reason).
"""

from __future__ import annotations

import re

from rawbpf.kernel.files import Root, read_text

__all__ = ["lockdown_mode"]


def lockdown_mode(root: Root = "/") -> str | None:
    """``none``, ``integrity`` or ``confidentiality``.

    None if it cannot be told: securityfs is not mounted, or not readable, or the kernel is built
    without lockdown.
    """
    found = re.search(r"\[(\w+)\]", read_text(root, "/sys/kernel/security/lockdown") or "")
    return found[1] if found else None
