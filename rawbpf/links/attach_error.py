"""Explain the errno with which attaching a program failed."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError
from rawbpf.kernel.permission import why_denied

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["attach_error"]


def attach_error(
    what: str, error: OSError, causes: Mapping[int, str] | None = None, fix: str | None = None
) -> AttachError:
    """Return an AttachError: ``what`` failed, why, and the ``fix``.

    ``causes``: errno -> its meaning for this kind of attachment. EPERM and EACCES are explained by
    the permission that is missing.
    """
    number = error.errno or 0
    why = (causes or {}).get(number) or str(error)
    if number in (errno.EPERM, errno.EACCES):
        why, fix = why_denied()
    call = error.call if isinstance(error, KernelError) else "open"
    return AttachError(what, errno=number, call=call, why=why, fix=fix)
