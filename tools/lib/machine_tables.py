"""The tables of docs/reference/machine.md, from the machine's own."""

from __future__ import annotations

from markdown_table import table

from rawbpf.machine import region
from rawbpf.machine.helpers import call  # noqa: F401 -- it fills the table
from rawbpf.machine.helpers.flow import TAIL_CALL
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.inputs import World
from rawbpf.machine.maps.table import MAP_TYPES
from rawbpf.uapi.bpf_insn import HELPER_NAMES


def helpers() -> str:
    """A row for each function, with all names that it has."""
    rows: dict[str, list[str]] = {}
    for number, helper in sorted(TABLE.items()):
        summary = (helper.function.__doc__ or "").split("\n")[0]
        rows.setdefault(summary, []).append(f"`{HELPER_NAMES[number]}`")
    lines = [(", ".join(names), summary) for summary, names in rows.items()]
    lines.append((f"`{HELPER_NAMES[TAIL_CALL]}`", "Another program goes on, 33 times at most."))
    return table("helper |", lines)


def maps() -> str:
    """A row for each type of map."""
    names = [map_type.name.removeprefix("BPF_MAP_TYPE_").lower() for map_type in MAP_TYPES]
    return ", ".join(f"`{name}`" for name in names)


def addresses() -> str:
    """A row for each kind of memory."""
    zones = sorted(
        (zone for zone in vars(region).values() if isinstance(zone, region.Zone)),
        key=lambda zone: zone.base,
    )
    return table("from |", ((f"`{zone.base:#x}`", zone.name) for zone in zones))


def world() -> str:
    """A row for each field that `--world` takes, with its default."""
    rows = []
    for name, default in World._field_defaults.items():
        if not name.endswith("stack"):
            shown = hex(default) if isinstance(default, int) and default >> 32 else default
            rows.append((f"`{name}`", f"`{shown}`"))
    return table("field | default", rows)


PARTS = {"helpers": helpers, "maps": maps, "addresses": addresses, "world": world}
