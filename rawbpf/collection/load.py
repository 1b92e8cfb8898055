"""Load an object: create and fill its maps, and load or verify its programs.

The parts of an object are loaded in this order:

    types       │ load the object's BTF, which describes maps and functions to the kernel
    maps        │ create them; a map of maps needs an inner map as a model
    contents    │ write the variables, and freeze read-only sections, so that the verifier treats
                │ their values as constants
    programs    │ load them, with the file descriptors of the maps in their instructions
    slots       │ store programs and maps in the arrays that refer to them
"""

from __future__ import annotations

import errno
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.collection.gaps import gaps
from rawbpf.collection.kernel_types import attach_target
from rawbpf.collection.pins import MapMaker
from rawbpf.collection.prepare import ignore, mappable
from rawbpf.errors import ENOTSUPP, FormatError, KernelError
from rawbpf.kernel.btf_load import KernelBtf
from rawbpf.kernel.btf_objects import ModuleBtfs
from rawbpf.kernel.call_error import call_error
from rawbpf.kernel.file_systems import DEFAULT_PLACE
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.programs.program import load
from rawbpf.programs.request import BPF_LOG_LEVEL2, BPF_LOG_STATS, Request, Target, verify
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Mapping
from rawbpf.uapi.btf import BTF_KIND_DATASEC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Table

    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.collection.variables import Variables
    from rawbpf.core_relo import Result
    from rawbpf.explanation import Explanation
    from rawbpf.maps.map import Map
    from rawbpf.programs.program import Program
    from rawbpf.programs.request import Gap, Verdict
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.object_spec import DataSpec, ObjectSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = [
    "Loader",
    "Verification",
    "verify_each",
]

_ONLY = bytes(4)
"""The key of the only entry in the map of a section."""


class Loader:
    """Loads one object. ``stack`` owns the maps and programs, and closes them in reverse order."""

    def __init__(
        self,
        spec: ObjectSpec,
        relocations: Table[str, Sequence[Result]],
        kernel: KernelFacts,
        stack: ExitStack,
        *,
        pins: str = DEFAULT_PLACE,
        stats: bool = False,
    ) -> None:
        self._spec, self._relocations, self._pins = spec, relocations, pins
        self._kernel, self._stack, self._stats = kernel, stack, stats
        self._modules = ModuleBtfs()
        self.seconds: dict[str, float] = {}
        self.warn: Callable[[str], object] = ignore

    def load(self, sections: Table[str, Variables]) -> tuple[dict[str, Map], dict[str, Program]]:
        """Create the maps and load the programs. The maps and programs are returned by name."""
        spec = self._spec
        with ExitStack() as undo, self._modules:
            maps = self._make_maps(sections, undo)
            programs = {
                name: self._load(one, maps) for name, one in spec.programs.items() if one.autoload
            }
            for name, one in spec.maps.items():
                self._put(maps[name], one, {**maps, **programs})
            undo.pop_all()
        return maps, programs

    def requests(self, sections: Table[str, Variables]) -> Iterator[Request]:
        """Create the maps, and yield one load request for each program."""
        # When the ``undo`` stack unwinds, pins in bpffs are also removed.
        with ExitStack() as undo, self._modules:
            maps = self._make_maps(sections, undo)
            for one in self._spec.programs.values():
                if one.autoload:
                    target, modules = self._target(one), self._modules_of(one)
                    yield Request(one, maps, self._btf, target, modules, self._gaps(one))

    def _make_maps(self, sections: Table[str, Variables], undo: ExitStack) -> dict[str, Map]:
        """Load the types, then create and fill the maps.

        ``undo`` is used to remove the pins that were created if loading fails.
        """
        raise_memlock_if_needed()
        self._btf = self._load_types()
        maker = MapMaker(self._btf, self._pins, self._stack, undo)
        maps = {name: maker.make(one) for name, one in self._spec.maps.items()}
        for name, data in self._spec.data.items():
            maps[name] = maker.make(self._section_map(data))
            self._fill(maps[name], data.contents, sections.get(name), read_only=data.read_only)
        return maps

    def _load_types(self) -> KernelBtf | None:
        """Load the object's BTF after filling in the offsets of variables.

        Most objects also work without BTF, which only describes their maps and source lines. BTF
        that the kernel rejects (for example because rustc emits names that C does not allow) is
        therefore omitted.
        """
        spec = self._spec
        if spec.btf is None:
            return None
        places = {
            name: (len(data.contents), {one.name: one.offset for one in data.variables})
            for name, data in spec.data.items()
        }
        codes = [one.code for one in spec.programs.values() if one.autoload]
        try:
            return self._stack.enter_context(KernelBtf(spec.btf, places, codes, spec.hidden))
        except KernelError as error:
            from rawbpf.refusals.explain import explained_error  # imported only after a failure

            explained = explained_error("cannot load the object's types", error)
            if error.errno != errno.EINVAL:
                raise explained from None
            self.warn(f"{explained}; the object is loaded without types")
            return None

    def _section_map(self, data: DataSpec) -> MapSpec:
        """Return the spec of a section's map, with the BTF type of the section's variables."""
        types = self._spec.btf
        number = None if types is None else types.find_id(data.name, BTF_KIND_DATASEC)
        return mappable(data.map_spec())._replace(btf_value_type_id=number or 0)

    def _fill(
        self, one: Map, contents: bytes, section: Variables | None, *, read_only: bool
    ) -> None:
        """Write initial values, freeze constant sections, and map all others into memory."""
        if any(contents):
            one.update(_ONLY, contents)
        if read_only:
            one.freeze()
        if section is None:
            return
        if read_only:
            section.freeze()
            return
        try:
            memory = self._memory(one)
        except KernelError as error:
            # bpf_map_mmap does not support values with fields that the kernel manages.
            if error.errno != ENOTSUPP:
                raise
            section.leave_unmapped()
        else:
            section.move_to(memory)

    def _memory(self, one: Map) -> memoryview:
        """Map the section's value into memory."""
        size = one.spec.value_size
        mapping = Mapping(one, size, protection=PROT_READ | PROT_WRITE)
        self._stack.callback(mapping.close)
        return mapping.view()

    def _load(self, spec: ProgramSpec, maps: Table[str, Map]) -> Program:
        target, modules = self._target(spec), self._modules_of(spec)
        begun = perf_counter()
        program = load(
            spec,
            maps,
            btf=self._btf,
            target=target,
            modules=modules,
            gaps=self._gaps(spec),
            stats=self._stats,
        )
        self.seconds[spec.name] = perf_counter() - begun
        return self._stack.enter_context(program)

    def _gaps(self, spec: ProgramSpec) -> tuple[Gap, ...]:
        return gaps(self._relocations.get(spec.name, ()), self._spec.externs)

    def _target(self, spec: ProgramSpec) -> Target | None:
        found = attach_target(spec, self._kernel)
        if found is None:
            return None
        return Target(found.type_id, self._modules[found.module] if found.module else 0)

    def _modules_of(self, spec: ProgramSpec) -> dict[str, int]:
        """Return BTF descriptors for the kernel modules that the code refers to."""
        return {name: self._modules[name] for name in spec.code.modules}

    def _put(self, one: Map, spec: MapSpec, objects: Table[str, Map | Program]) -> None:
        """Store the initial programs or maps in an array's elements."""
        for index, name in spec.initial.items():
            if name not in objects:
                what = f"map {spec.name!r} refers to {name!r} in slot {index}"
                raise FormatError(what, why=f"{name!r} was not loaded")
            fd = objects[name].fileno()
            try:
                one.update(index.to_bytes(4, "little"), fd.to_bytes(4, "little"))
            except KernelError as error:
                what = f"cannot store {name!r} in slot {index} of map {spec.name!r}"
                raise call_error(what, error) from None


class Verification(NamedTuple):
    """The verifier's verdict on a program: a log of all paths, and the reason for a rejection."""

    spec: ProgramSpec
    verdict: Verdict
    explanation: Explanation | None


def verify_each(requests: Iterable[Request]) -> Iterator[Verification]:
    """Verify all programs in order, and continue after a rejection."""
    from rawbpf.programs.rejection import rejection, too_large

    for request in requests:
        verdict = verify(request, BPF_LOG_STATS)
        if not too_large(verdict):
            verdict = verify(request, BPF_LOG_LEVEL2 | BPF_LOG_STATS)
        explanation = None if verdict.accepted else rejection(request, verdict.errno)
        yield Verification(request.spec, verdict, explanation)
