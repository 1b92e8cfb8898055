"""What the kernel's errno means when it will not attach a program."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError
from rawbpf.kernel.permission import why_refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["refused"]


def refused(
    what: str, error: OSError, causes: Mapping[int, str] | None = None, fix: str | None = None
) -> AttachError:
    """``causes`` tells what an errno means there. EPERM and EACCES are looked into."""
    number = error.errno or 0
    why = (causes or {}).get(number) or str(error)
    if number in (errno.EPERM, errno.EACCES):
        why, fix = why_refused()
    call = error.call if isinstance(error, KernelError) else "open"
    return AttachError(what, errno=number, call=call, why=why, fix=fix)
