"""Pin programs and maps in the BPF file system, and create maps or reuse pinned ones.

    DIR/handle_open     │ a program
    DIR/maps/events     │ a map; dots become _, because bpffs does not allow dots in names
    /sys/fs/bpf/shared  │ a map declared with __uint(pinning, LIBBPF_PIN_BY_NAME)

A map that is pinned by name is shared: the next load of the object reuses the pinned map with its
contents. The pinned map must therefore have the type, sizes and flags that the object declares.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.pins import make_folder, unpin
from rawbpf.maps.map import Map
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.programs.program import Program
    from rawbpf.specs.map_spec import MapSpec

__all__ = [
    "MAPS",
    "MapMaker",
    "pin_all",
    "pin_name",
    "reuse",
    "unpin_all",
]

MAPS = "maps"
"""The name of the subdirectory for maps in the directory for programs."""

_COMPARED = ("map_type", "key_size", "value_size", "max_entries", "map_flags", "map_extra")
_DEVMAPS = (bpf_map_type.BPF_MAP_TYPE_DEVMAP, bpf_map_type.BPF_MAP_TYPE_DEVMAP_HASH)


def pin_name(name: str) -> str:
    """Return the file name under which an object is pinned.

    >>> pin_name(".rodata"), pin_name("events")
    ('_rodata', 'events')
    """
    return name.replace(".", "_")


def pin_all(directory: str, programs: Mapping[str, Program], maps: Mapping[str, Map]) -> None:
    """Pin all objects. If a pin fails, all pins and directories created so far are removed."""
    with ExitStack() as undo:
        for folder in (directory, os.path.join(directory, MAPS)):  # noqa: PTH118 -- bpffs is text
            if make_folder(folder):
                undo.callback(os.rmdir, folder)
        for place, objects in ((directory, programs), (f"{directory}/{MAPS}", maps)):
            for name, one in objects.items():
                path = f"{place}/{pin_name(name)}"
                one.pin(path)
                undo.callback(unpin, path)
        undo.pop_all()


def unpin_all(directory: str, programs: Iterable[str], maps: Iterable[str]) -> None:
    """Remove the pins that ``pin_all`` created, and its directories if they are empty."""
    folder = f"{directory}/{MAPS}"
    for place, names in ((folder, maps), (directory, programs)):
        for name in names:
            unpin(f"{place}/{pin_name(name)}")
        if not os.listdir(place):  # noqa: PTH208 -- as above
            os.rmdir(place)  # noqa: PTH106 -- as above


def reuse(spec: MapSpec, path: str, types: KernelBtf | None) -> Map | None:
    """Return the map pinned at ``path``, or None if nothing is pinned there.

    Raises UsageError if the map differs from ``spec``.
    """
    try:
        found = Map.from_pin(path)
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    unlike = _difference(spec, found.spec)
    if unlike is not None:
        found.close()
        raise UsageError(
            f"cannot use the map pinned at {path} as map {spec.name!r}",
            why=unlike,
            fix=f"remove the pinned map if you do not need it: rm {path}",
        )
    return found.like(spec, types)


def _difference(ours: MapSpec, theirs: MapSpec) -> str | None:
    flags = theirs.map_flags
    if theirs.map_type in _DEVMAPS:  # the kernel sets this flag automatically (5.1)
        flags &= ~bpf_map_flags.BPF_F_RDONLY_PROG
    theirs = theirs._replace(map_flags=flags)
    for field in _COMPARED:
        wanted, there = getattr(ours, field), getattr(theirs, field)
        if wanted != there:
            return f"the pinned map's {field} is {there:d}, but the object declares {wanted:d}"
    return None


class MapMaker(NamedTuple):
    """Creates maps, or reuses maps that are pinned by name in the directory ``pins``.

    ``stack`` closes the maps when it unwinds. ``undo`` removes the new pins if loading the object
    fails later.
    """

    btf: KernelBtf | None
    pins: str
    stack: ExitStack
    undo: ExitStack

    def make(self, spec: MapSpec) -> Map:
        """Return the map. Raises UsageError if a pinned map does not match ``spec``."""
        if not spec.pinned:
            return self.stack.enter_context(self._create(spec))
        path = f"{self.pins}/{pin_name(spec.name)}"
        found = reuse(spec, path, self.btf)
        if found is not None:
            return self.stack.enter_context(found)
        one = self.stack.enter_context(self._create(spec))
        try:
            one.pin(path)
        except KernelError as error:
            # Another process may have loaded the same object at the same time.
            found = reuse(spec, path, self.btf) if error.errno == errno.EEXIST else None
            if found is None:
                raise
            return self.stack.enter_context(found)
        self.undo.callback(unpin, path)
        return one

    def _create(self, spec: MapSpec) -> Map:
        if spec.inner is None:
            return Map.create(spec, btf=self.btf)
        with Map.create(spec.inner, btf=self.btf) as inner:
            return Map.create(spec, btf=self.btf, inner=inner)
