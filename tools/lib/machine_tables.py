"""Generate the tables in docs/reference/machine.md from the interpreter's tables."""

from __future__ import annotations

from markdown_table import table

from rawbpf.machine import region
from rawbpf.machine.helpers import call  # noqa: F401 -- the import fills the table of helpers
from rawbpf.machine.helpers.flow import TAIL_CALL
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.inputs import World
from rawbpf.machine.maps.table import MAP_TYPES
from rawbpf.uapi.bpf_insn import HELPER_NAMES


def helpers() -> str:
    """Return a table with a row for each implementation, with the names of its helpers."""
    rows: dict[str, list[str]] = {}
    for number, helper in sorted(TABLE.items()):
        summary = (helper.function.__doc__ or "").split("\n")[0]
        rows.setdefault(summary, []).append(f"`{HELPER_NAMES[number]}`")
    lines = [(", ".join(names), summary) for summary, names in rows.items()]
    lines.append(
        (f"`{HELPER_NAMES[TAIL_CALL]}`", "Run another program instead, at most 33 times in a row.")
    )
    return table("helper |", lines)


def maps() -> str:
    """Return the names of the map types that the interpreter supports."""
    names = [map_type.name.removeprefix("BPF_MAP_TYPE_").lower() for map_type in MAP_TYPES]
    return ", ".join(f"`{name}`" for name in names)


def addresses() -> str:
    """Return a table with a row for each kind of memory, in address order."""
    zones = sorted(
        (zone for zone in vars(region).values() if isinstance(zone, region.Zone)),
        key=lambda zone: zone.base,
    )
    return table("from |", ((f"`{zone.base:#x}`", zone.name) for zone in zones))


def world() -> str:
    """Return a table with a row for each field of `--world`, with its default."""
    rows = []
    for name, default in World._field_defaults.items():
        if not name.endswith("stack"):
            shown = hex(default) if isinstance(default, int) and default >> 32 else default
            rows.append((f"`{name}`", f"`{shown}`"))
    return table("field | default", rows)


PARTS = {"helpers": helpers, "maps": maps, "addresses": addresses, "world": world}
