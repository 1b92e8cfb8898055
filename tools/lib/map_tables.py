"""Generate the table in docs/reference/maps.md from rawbpf/specs/map_spec.py."""

from __future__ import annotations

from markdown_table import table

from rawbpf.specs.map_spec import MAP_KINDS


def types() -> str:
    """Return a table with a row for each map type, oldest first."""
    oldest_first = sorted(MAP_KINDS.values(), key=lambda one: tuple(map(int, one.since.split("."))))
    rows = ((f"`{one.word}`", one.since, one.key, one.value) for one in oldest_first)
    return table("type | since Linux | keys | values", rows)


PARTS = {"types": types}
