"""What happens when one part of an object is invalid: stop reading, or note the fault and go on.

Loading needs the whole object, so the first fault is raised. Inspecting shows everything else, and
lists the faults.
"""

from __future__ import annotations

from collections.abc import Callable

from rawbpf.errors import RawbpfError

__all__ = ["Report", "stop"]

Report = Callable[[RawbpfError], object]
"""Receives each fault of an object; reading continues when the function returns."""


def stop(fault: RawbpfError) -> None:
    """Raise the fault."""
    raise fault
