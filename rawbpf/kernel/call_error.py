"""Convert an error from a system call to a readable error that names the missing permission."""

from __future__ import annotations

import errno

from rawbpf.errors import KernelError

__all__ = ["call_error"]


def call_error(what: str, error: KernelError) -> KernelError:
    """Return an error that says what failed and, for EPERM or EACCES, why.

    >>> print(call_error("cannot create a map", KernelError("BPF_MAP_CREATE", errno=errno.ENOMEM)))
    cannot create a map: ENOMEM (Cannot allocate memory)
    """
    number = error.errno or 0
    if number not in (errno.EPERM, errno.EACCES):
        return KernelError(what, errno=number, call=error.call)
    from rawbpf.kernel.permission import why_denied  # imported only after a failure

    why, fix = why_denied(call=_family(error.call))
    return KernelError(what, errno=number, call=error.call, why=why, fix=fix)


def _family(call: str) -> str:
    """Return the name of a call: the command for bpf(2), the request for ioctl(2)."""
    return "perf_event_open" if call.lower().startswith("perf_event") else "bpf"
