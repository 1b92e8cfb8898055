"""The capabilities of running processes, and processes with few of them."""

import ctypes
import os
from pathlib import Path

from rawbpf.syscall.capset import CapabilitySets, _capset, _mask
from rawbpf.uapi.capability import CAPABILITIES

USER = 1000
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _RAISE = 8, 47, 2


def sets_of(pid):
    """Return, for each thread, the set in each Cap line of its status, and its NoNewPrivs."""
    threads = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        rows = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
        threads[int(folder.name)] = {
            **{name: _names(int(rows[name], 16)) for name in names},
            "NoNewPrivs": rows["NoNewPrivs"].strip(),
        }
    return threads


def _names(mask):
    return {name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1}


def become_user(*capabilities):
    """Become an ordinary user who keeps these capabilities, in programs that it executes too."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    mask = _mask(capabilities)
    _capset(CapabilitySets(mask, mask, mask))
    for name in capabilities:
        result = libc.prctl(_PR_CAP_AMBIENT, _RAISE, CAPABILITIES.index(name), 0, 0)
        assert result == 0, name
