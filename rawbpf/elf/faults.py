"""Handle invalid parts of an object: either stop reading, or record the fault and go on.

Loading needs the whole object, so the first fault is raised. When an object is inspected, all valid
parts are shown, and the faults are listed.
"""

from __future__ import annotations

from collections.abc import Callable

from rawbpf.errors import RawbpfError

__all__ = ["Report", "stop"]

Report = Callable[[RawbpfError], object]
"""A function that is called with each fault; reading continues when it returns."""


def stop(fault: RawbpfError) -> None:
    """Raise the fault."""
    raise fault
