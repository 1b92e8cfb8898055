"""A collection, which consists of the maps, programs and links of one object.

    with rawbpf.open("tool.bpf.o") as obj:
        obj.rodata["target_pid"] = 42      constants can be set until load()
        obj.load()
        events = obj.events("events")
        obj.attach()                       or attach({"count": "eth0"}) for an interface
        obj.maps["counts"], obj.programs["handle_open"], obj.bss["dropped"]
        for event in events.read(duration=2): ...

Between the steps, ``spec`` can be inspected; it can be modified until ``load``.
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
from rawbpf.collection.variables import Variables
from rawbpf.errors import UsageError
from rawbpf.events.typed import Guesses, named_type
from rawbpf.kernel.file_systems import DEFAULT_PLACE
from rawbpf.syscall.fd import Owner
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Collection as Names
    from os import PathLike

    from rawbpf.collection.load import Verification
    from rawbpf.links.link import Link
    from rawbpf.maps.map import Map
    from rawbpf.programs.program import Program
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["Collection", "open"]


def open(  # noqa: A001
    path: str | PathLike[str], *, btf: Path | None = None, pins: str = DEFAULT_PLACE
) -> Collection:
    """Read an object file without loading it.

    ``btf`` is a file with kernel BTF that is used instead of /sys/kernel/btf. ``pins`` is the
    directory in which maps are pinned by name (LIBBPF_PIN_BY_NAME). Raises FormatError if the file
    is damaged or not an object, UnsupportedError, or AssemblyError.
    """
    return Collection(read_object(Path(path)), KernelFacts(btf), pins)


class Collection(Owner):
    """Owns an object's loaded maps, programs and links.

    The minimum kernel is 5.8, unless the object requires a later version.
    """

    def __init__(
        self, spec: ObjectSpec, kernel: KernelFacts | None = None, pins: str = DEFAULT_PLACE
    ) -> None:
        self.spec, self._pins = spec, pins
        self.kernel = kernel or KernelFacts()
        self.sections = {name: Variables(data, spec.btf) for name, data in spec.data.items()}
        self.maps: Named[Map] = Named("map")
        self.programs: Named[Program] = Named("program")
        self.links: Named[Link] = Named("link")
        self.skipped: dict[str, str] = {}
        """Maps each program that was not loaded or not attached to the reason why."""
        self.warnings: list[str] = []
        """One line for each part of the object that loading had to change or omit."""
        self.warn: Callable[[str], None] = self.warnings.append
        """A function that is called with each warning; replace it to show warnings immediately."""
        self.seconds: dict[str, float] = {}
        """Maps each program to the seconds that the kernel took to verify and compile it."""
        self._stack, self._closed = ExitStack(), False
        self._loaded = False
        self._missed = 0

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the object") -> Collection:
        """Read an object from bytes; error messages refer to it as ``name``."""
        return cls(spec_of(data, name))

    @property
    def rodata(self) -> Variables:
        """Return the constants, which can be set before ``load``."""
        return self._section(".rodata")

    @property
    def data(self) -> Variables:
        """Return the initialized variables."""
        return self._section(".data")

    @property
    def bss(self) -> Variables:
        """Return the variables that are initially zero."""
        return self._section(".bss")

    def _section(self, name: str) -> Variables:
        if name not in self.sections:
            raise UsageError(
                f"the object has no section {name}",
                why=f"the object has {', '.join(sorted(self.sections)) or 'no global variables'}",
            )
        return self.sections[name]

    def section_of(self, variable: str) -> Variables:
        """Return the section that contains a variable."""
        for section in self.sections.values():
            if variable in section:
                return section
        known = [name for section in self.sections.values() for name in section]
        raise unknown(f"the object has no variable {variable!r}", variable, known)

    def keep(self, names: Names[str]) -> None:
        """Select the programs to load by name."""
        programs = {
            name: one._replace(autoload=name in names) for name, one in self.spec.programs.items()
        }
        self.spec = self.spec._replace(programs=programs)

    def enlarge_rings(self, size: int) -> None:
        """Give each BPF ring buffer at least ``size`` bytes, before ``load``.

        ``size`` must be a power of two and a multiple of the page size. Pinned maps keep their
        size, because their users have agreed on it.
        """
        maps = {
            name: one._replace(max_entries=max(one.max_entries, size))
            if one.map_type is bpf_map_type.BPF_MAP_TYPE_RINGBUF and not one.pinned
            else one
            for name, one in self.spec.maps.items()
        }
        self.spec = self.spec._replace(maps=maps)

    def load(self, *, stats: bool = False) -> None:
        """Prepare and relocate the object, create its maps, and load its programs.

        With ``stats``, each program's ``log`` contains the verifier's statistics. Raises
        VerifierError if a program is rejected, and UnsupportedError if this kernel lacks a required
        feature.
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
                self.skipped[name] = "not loaded (optional)"

    def verify(self) -> Iterator[Verification]:
        """Yield the verifier's verdict on each program, with a log of all paths.

        No program stays loaded after the verification. Call ``verify`` instead of ``load``;
        afterwards, the collection can only be closed.
        """
        from rawbpf.collection.load import verify_each

        spec, loader = self._ready(stats=False)
        self.spec, self._loaded = spec, True
        return verify_each(loader.requests(self.sections))

    def _ready(self, *, stats: bool) -> tuple[ObjectSpec, Loader]:
        """Return the spec prepared for this kernel, and a loader for it."""
        if self._loaded:
            raise UsageError("the object is already loaded")
        spec = prepare(self._with_variables(), self.kernel, self.warn)
        spec, relocations = relocate(spec, self.kernel)
        loader = Loader(spec, relocations, self.kernel, self._stack, pins=self._pins, stats=stats)
        loader.warn = self.warn
        return spec, loader

    def _with_variables(self) -> ObjectSpec:
        """Return the spec with the current values of the variables."""
        data = {
            name: one._replace(contents=self.sections[name].contents)
            for name, one in self.spec.data.items()
        }
        return self.spec._replace(data=data)

    def attach(self, where: Mapping[str, str | ProbeSpec] | None = None) -> None:
        """Attach all programs that are not yet attached, or none of them if one fails.

        ``where`` maps a program's name to a ProbeSpec or to a target that replaces the section's
        target: for example, an interface for xdp and tc programs, or a directory for cgroup
        programs. Programs without a target, such as programs that are reached by tail calls, are
        listed in ``skipped``. Raises UsageError if the object is not loaded or a program does not
        exist, and AttachError with the cause if the kernel rejects an attachment.
        """
        if not self._loaded:
            raise UsageError(
                "cannot attach programs", why="the object is not loaded", fix="call load() first"
            )
        for name in where or ():
            if name not in self.programs:
                raise unknown(f"the object has no program {name!r}", name, self.programs)
        waiting = {name: one for name, one in self.programs.items() if name not in self.links}
        links, skipped = attach_all(waiting, self._stack, where or {})
        self.links.update(links)
        left = {name: why for name, why in self.skipped.items() if name not in links}
        self.skipped = left | skipped

    def events(self, name: str, struct: str | None = None) -> Events:
        """Return a reader for the records that programs send through map ``name``.

        Call ``events`` before ``attach``, because a PERF_EVENT_ARRAY loses records while it has no
        reader. ``struct`` is the name of the struct type of the records. By default, each record is
        decoded as the struct with the same size if the object defines exactly one such struct.
        Raises UsageError if the object is not loaded, the map is not a ring, or the struct does not
        exist.
        """
        ring, types, guesses = self.maps[name], self.spec.btf, Guesses(self.spec)
        if struct and types is None:
            raise UsageError("the object has no BTF", fix="compile with -g")
        named = named_type(types, struct) if struct and types else None
        return self._stack.enter_context(
            Events(ring, lambda size: named or guesses.guess(name, size))
        )

    def pin(self, directory: str) -> None:
        """Pin programs in a directory of bpffs and maps in its subdirectory ``maps``.

        Pinned objects stay loaded after this process exits. If pinning one object fails, no object
        is pinned. Raises KernelError if the directory cannot be created or a name is already in
        use.
        """
        pin_all(directory, self.programs, self.maps)

    def unpin(self, directory: str) -> None:
        """Undo ``pin``. The objects stay loaded until ``close``."""
        unpin_all(directory, self.programs, self.maps)

    def detach(self) -> None:
        """Detach the programs. The programs stay loaded, and maps and rings keep their contents."""
        while self.links:
            link = self.links.popitem()[1]
            self._missed += link.missed or 0
            link.close()

    def missed(self) -> int:
        """Return the number of hits for which no program ran, as far as the kernel counts them.

        The sum includes hits that occurred while the same program was already running on the same
        CPU (5.12), and hits of kprobes whose handler could not run (6.7).
        """
        by_links = self._missed + sum(link.missed or 0 for link in self.links.values())
        return by_links + sum(one.info().recursion_misses for one in self.programs.values())

    def close(self) -> None:
        """Detach all programs, and close all objects in reverse order.

        Closing a collection twice has no effect.
        """
        for section in self.sections.values():
            section.leave()
        for held in (self.links, self.programs, self.maps):
            held.clear()
        self._closed = True
        self._stack.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "not loaded"
        if self.programs or self.maps:
            state = "loaded"
        return f"<Collection {' '.join(self.spec.programs) or 'without programs'}: {state}>"
