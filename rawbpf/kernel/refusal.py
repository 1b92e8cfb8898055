"""A refused call as an error for people: which right is missing, if it is one of rights."""

from __future__ import annotations

import errno

from rawbpf.errors import KernelError

__all__ = ["refused"]


def refused(what: str, error: KernelError) -> KernelError:
    """The same refusal, saying ``what`` could not be done, and why it was not permitted.

    >>> print(refused("cannot create a map", KernelError("BPF_MAP_CREATE", errno=errno.ENOMEM)))
    cannot create a map: ENOMEM (Cannot allocate memory)
    """
    number = error.errno or 0
    if number not in (errno.EPERM, errno.EACCES):
        return KernelError(what, errno=number, call=error.call)
    from rawbpf.kernel.permission import why_refused  # only the unlucky pay for it

    why, fix = why_refused()
    return KernelError(what, errno=number, call=error.call, why=why, fix=fix)
