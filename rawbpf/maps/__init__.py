"""Kernel maps, which are created from specs, or opened by ID or by path."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.maps.batch import delete_all, read_all, write_all
    from rawbpf.maps.map import Map, PerCpuArray
    from rawbpf.maps.raw import create_map

__all__ = [
    "Map",
    "PerCpuArray",
    "create_map",
    "delete_all",
    "read_all",
    "write_all",
]

_HOMES = {
    "Map": "rawbpf.maps.map",
    "PerCpuArray": "rawbpf.maps.map",
    "create_map": "rawbpf.maps.raw",
    "delete_all": "rawbpf.maps.batch",
    "read_all": "rawbpf.maps.batch",
    "write_all": "rawbpf.maps.batch",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
