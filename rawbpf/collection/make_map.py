"""One map of an object: created, or found where it is pinned under its name."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.collection.pins import pin_name, reuse
from rawbpf.errors import KernelError
from rawbpf.kernel.pins import unpin
from rawbpf.maps.map import Map

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MapMaker"]


class MapMaker(NamedTuple):
    """``pins``: the folder of those that are pinned by name. ``stack`` closes what is made.

    ``undo`` takes pins away again that were made for nothing, if the loading fails later.
    """

    btf: KernelBtf | None
    pins: str
    stack: ExitStack
    undo: ExitStack

    def make(self, spec: MapSpec) -> Map:
        """The map. KernelError: refused; UsageError: what is pinned there is another one."""
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
            # Who loads the same object at the same moment may have been quicker.
            found = reuse(spec, path, self.btf) if error.errno == errno.EEXIST else None
            if found is None:
                raise
            return self.stack.enter_context(found)
        self.undo.callback(unpin, path)
        return one

    def _create(self, spec: MapSpec) -> Map:
        if spec.inner is None:
            return Map.create(spec, btf=self.btf)
        with Map.create(spec.inner) as inner:
            return Map.create(spec, btf=self.btf, inner=inner)
