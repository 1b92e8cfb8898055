"""A collection: all maps and programs of one object, as the kernel holds them.

    with rawbpf.open("tool.bpf.o") as obj:
        obj.rodata["target_pid"] = 42      what is constant for the verifier, until load()
        obj.load()
        events = obj.events("events")
        obj.attach()                       or attach({"count": "eth0"}): sections say no interface
        obj.maps["counts"], obj.programs["handle_open"], obj.bss["dropped"]
        for event in events.read(duration=2): ...

The steps are apart, so that one can look and change in between: ``spec`` is a value until ``load``.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.collection.attach import attach_all
from rawbpf.collection.events import Events
from rawbpf.collection.kernel_facts import KernelFacts
from rawbpf.collection.load import Loader
from rawbpf.collection.named import Named, unknown
from rawbpf.collection.object_source import read_object, spec_of
from rawbpf.collection.pins import pin_all, unpin_all
from rawbpf.collection.prepare import prepare, relocate
from rawbpf.collection.variables import Section
from rawbpf.errors import UsageError
from rawbpf.events.typed import Guesses, named_type
from rawbpf.kernel.file_systems import DEFAULT_PLACE
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from collections.abc import Collection as Names
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from rawbpf.collection.load import Judged
    from rawbpf.links.link import Link
    from rawbpf.maps.map import Map
    from rawbpf.programs.program import Program
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.probe_spec import ProbeSpec

__all__ = ["Collection", "open"]


def open(  # noqa: A001
    path: str | PathLike[str], *, btf: Path | None = None, pins: str = DEFAULT_PLACE
) -> Collection:
    """The object in a file, ready to be looked at, changed and loaded.

    ``btf``: the kernel's types, if not those in /sys/kernel/btf. ``pins``: the folder of maps that
    are pinned by name (LIBBPF_PIN_BY_NAME). Errors: FormatError (no object, or damaged),
    UnsupportedError, AssemblyError.
    """
    return Collection(read_object(Path(path)), KernelFacts(btf), pins)


class Collection(Owner):
    """Owns what was loaded of an object. Minimum kernel: 5.8, or what the object uses."""

    def __init__(
        self, spec: ObjectSpec, kernel: KernelFacts | None = None, pins: str = DEFAULT_PLACE
    ) -> None:
        self.spec, self._pins = spec, pins
        self.kernel = kernel or KernelFacts()
        self.sections = {name: Section(data, spec.btf) for name, data in spec.data.items()}
        self.maps: Named[Map] = Named("map")
        self.programs: Named[Program] = Named("program")
        self.links: Named[Link] = Named("link")
        self.skipped: dict[str, str] = {}
        """Program -> why it was not loaded, or not attached."""
        self.seconds: dict[str, float] = {}
        """Program -> how long the kernel took to verify and compile it."""
        self._stack = ExitStack()
        self._loaded = False

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the object") -> Collection:
        """The object in these bytes; ``name`` is for errors."""
        return cls(spec_of(data, name))

    @property
    def rodata(self) -> Section:
        """The constants: to be set before ``load``."""
        return self._section(".rodata")

    @property
    def data(self) -> Section:
        """The variables that begin with a value."""
        return self._section(".data")

    @property
    def bss(self) -> Section:
        """The variables that begin with zero."""
        return self._section(".bss")

    def _section(self, name: str) -> Section:
        if name not in self.sections:
            raise UsageError(
                f"the object has no section {name}",
                why=f"it has {', '.join(sorted(self.sections)) or 'no variables'}",
            )
        return self.sections[name]

    def section_of(self, variable: str) -> Section:
        """The section with the variable of this name."""
        for section in self.sections.values():
            if variable in section:
                return section
        known = [name for section in self.sections.values() for name in section]
        raise unknown(f"the object has no variable {variable!r}", variable, known)

    def keep(self, names: Names[str]) -> None:
        """Load these programs and no others."""
        programs = {
            name: one._replace(autoload=name in names) for name, one in self.spec.programs.items()
        }
        self.spec = self.spec._replace(programs=programs)

    def load(self, *, stats: bool = False) -> None:
        """Prepare, relocate, make the maps, load the programs.

        ``stats``: have each program's ``log`` say what the verifier took. VerifierError: a program
        was refused; UnsupportedError: this kernel lacks something.
        """
        spec, loader = self._ready(stats=stats)
        try:
            maps, programs = loader.load(self.sections)
        except BaseException:
            self.close()
            raise
        self.maps.update(maps)
        self.programs.update(programs)
        self.spec, self._loaded, self.seconds = spec, True, loader.seconds
        for name, one in spec.programs.items():
            if not one.autoload:
                self.skipped[name] = "optional, or not asked for"

    def verify(self) -> Iterator[Judged]:
        """The verifier's word on each program, with the log of all paths; none stays loaded.

        Instead of ``load``: afterwards the collection is good for nothing but ``close``.
        """
        from rawbpf.collection.load import judge

        spec, loader = self._ready(stats=False)
        self.spec, self._loaded = spec, True
        return judge(loader.requests(self.sections))

    def _ready(self, *, stats: bool) -> tuple[ObjectSpec, Loader]:
        """The blueprint for this kernel, and who will load it."""
        if self._loaded:
            raise UsageError("the object is loaded already")
        spec = prepare(self._with_variables(), self.kernel)
        spec, relocations = relocate(spec, self.kernel)
        return spec, Loader(
            spec, relocations, self.kernel, self._stack, pins=self._pins, stats=stats
        )

    def _with_variables(self) -> ObjectSpec:
        """The blueprint with the values that the variables have now."""
        data = {
            name: one._replace(contents=self.sections[name].contents)
            for name, one in self.spec.data.items()
        }
        return self.spec._replace(data=data)

    def attach(self, where: Mapping[str, str | ProbeSpec] | None = None) -> None:
        """Attach each program that is not, as its section says: all of them, or none.

        ``where``: program -> the place that its section leaves open: an interface for xdp and tc, a
        folder for cgroups. Programs that have none (tail-called ones, too) are in ``skipped``.
        UsageError: not loaded, or ``where`` names no program; AttachError: the kernel refuses.
        """
        if not self._loaded:
            raise UsageError("there is nothing to attach", why="the object is not loaded")
        for name in where or ():
            if name not in self.programs:
                raise unknown(f"the object has no program {name!r}", name, self.programs)
        waiting = {name: one for name, one in self.programs.items() if name not in self.links}
        links, skipped = attach_all(waiting, self._stack, where or {})
        self.links.update(links)
        left = {name: why for name, why in self.skipped.items() if name not in links}
        self.skipped = left | skipped

    def events(self, name: str, struct: str | None = None) -> Events:
        """Return a reader of the records that programs send through map ``name``.

        Call it before ``attach``: a PERF_EVENT_ARRAY without a reader loses its records.
        ``struct``: the name of their type. By default each record is decoded as the struct that
        fits its size, if the object has exactly one. UsageError: not loaded, not a ring, or no such
        struct.
        """
        ring, types, guesses = self.maps[name], self.spec.btf, Guesses(self.spec)
        if struct and types is None:
            raise UsageError("the object has no BTF", fix="compile with -g")
        named = named_type(types, struct) if struct and types else None
        return self._stack.enter_context(
            Events(ring, lambda size: named or guesses.guess(name, size))
        )

    def pin(self, directory: str) -> None:
        """Pin the programs in a folder of bpffs, the maps in ``maps`` below: they stay loaded.

        All or none. KernelError: no such place, or something is there already.
        """
        pin_all(directory, self.programs, self.maps)

    def unpin(self, directory: str) -> None:
        """Take the names of ``pin`` away again. What is loaded here stays until ``close``."""
        unpin_all(directory, self.programs, self.maps)

    def detach(self) -> None:
        """Detach the programs. They stay loaded, and maps and rings keep their contents."""
        while self.links:
            self.links.popitem()[1].close()

    def close(self) -> None:
        """Detach and free everything, in the reverse order. Closing twice does nothing."""
        for section in self.sections.values():
            section.leave()
        for held in (self.links, self.programs, self.maps):
            held.clear()
        self._stack.close()

    def __repr__(self) -> str:
        state = "loaded" if self.programs or self.maps else "not loaded"
        return f"<Collection {' '.join(self.spec.programs) or 'without programs'}: {state}>"
