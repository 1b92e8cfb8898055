"""The table of docs/reference/maps.md, from rawbpf/maps/kinds.py."""

from __future__ import annotations

from rawbpf.maps.kinds import KINDS


def types() -> str:
    """A row for each type of map, the oldest first."""
    rows = [
        f"| `{kind.word}` | {kind.since} | {kind.key} | {kind.value} |"
        for kind in sorted(KINDS.values(), key=lambda kind: tuple(map(int, kind.since.split("."))))
    ]
    return "\n".join(["| type | since Linux | keys | values |", "| --- | --- | --- | --- |", *rows])


PARTS = {"types": types}
