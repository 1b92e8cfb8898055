"""What is wrong with an address: the sentence for an access that no region allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.region import GAP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.region import Region

__all__ = ["fault", "listing", "outside"]

_LISTED = 40


def fault(
    does: str, size: int, address: int, why: str, fix: str | None = None, details: str = ""
) -> MachineError:
    """An access that failed; ``does`` is "reads" or "writes"."""
    what = f"{does} {_bytes(size)} at {address:#x}"
    return MachineError(what, why=why, fix=fix, details=details)


def outside(regions: Iterable[Region], does: str, size: int, address: int) -> MachineError:
    """An access that does not lie inside one of the regions, which may be closed."""
    regions = list(regions)
    details = listing(regions)
    if address < GAP:
        fix = "compare the pointer with 0 before you use it"
        return fault(does, size, address, "that is NULL, or next to it", fix, details)
    words = (_relation(region, address, address + size) for region in regions)
    why = next(filter(None, words), "no memory is there")
    return fault(does, size, address, why, details=details)


def _relation(region: Region, start: int, end: int) -> str | None:
    """How the bytes from start to end miss the region, if they do so narrowly."""
    if region.end == region.base:
        return f"{region.name} is gone" if region.base <= start < region.reach else None
    if region.base <= start < region.reach + GAP:
        return f"{_bytes(end - region.reach)} beyond the end of {region.name}"
    if region.base - GAP < start < region.base:
        return f"{_bytes(region.base - start)} before {region.name}"
    return None


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"


def listing(regions: Iterable[Region]) -> str:
    """The open regions, a line each."""
    rows = [
        f"{region.base:#14x} - {region.end:#14x}  {region.name}, {len(region.data)} bytes"
        + ("" if region.writable else ", read-only")
        for region in regions
        if region.end > region.base
    ]
    more = [f"... and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
    return "\n".join(["regions:", *rows[:_LISTED], *more])
