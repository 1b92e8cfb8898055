"""Load an object file and attach its programs, in five steps.

The five steps are:

    open      │ read the file: bytes -> ObjectSpec, without the kernel
    prepare   │ set map sizes, and look up externs in the running kernel
    relocate  │ adapt instructions to the layouts of this kernel's types (CO-RE)
    load      │ create and fill the maps, load the programs
    attach    │ attach each program according to its section
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.collection.collection import Collection, open  # noqa: A004 -- opens an object
    from rawbpf.collection.events import Events
    from rawbpf.collection.object_source import spec_of

__all__ = [
    "Collection",
    "Events",
    "open",
    "spec_of",
]

_HOMES = {
    "Collection": "rawbpf.collection.collection",
    "Events": "rawbpf.collection.events",
    "open": "rawbpf.collection.collection",
    "spec_of": "rawbpf.collection.object_source",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
