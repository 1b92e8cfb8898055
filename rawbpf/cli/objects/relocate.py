"""``rawbpf relocate``: what CO-RE would make of an object for a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf.btf import Btf
from rawbpf.cli.objects.object_file import read_objects
from rawbpf.cli.objects.relocate_show import Report, json_lines, text_lines
from rawbpf.cli.terminal import say, write_lines
from rawbpf.cli.types.source import KERNEL, open_btf
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from rawbpf.core_relo import Targets
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["USAGE", "run"]

USAGE = """Show what depends on the kernel's types, and what becomes of it for a kernel (CO-RE).

Usage:
  rawbpf relocate FILE [--btf SOURCE] [--program NAME]... [options] [-v]...

Arguments:
  FILE            A .bpf.o, .bpf.c or .bpf.s file, or a tool with objects inside.

Options:
  --btf SOURCE    The kernel's types: kernel, or a file with BTF (such as a copy of another
                  machine's /sys/kernel/btf/vmlinux). [default: kernel]
  --program NAME  Only this program.
  --clang NAME    Which clang compiles a .bpf.c file.
  --json          JSON, an object for each program.
  -v, --verbose   Say more on stderr.
  -h, --help      Show this.

HERE is the number in the object, THERE that of the kernel. Where the kernel has no answer the
instruction is replaced by a call that no verifier accepts, if the program can reach it; the reason
follows below. The exit status is 1 if a program cannot be relocated at all.

  rawbpf relocate tool.bpf.o --btf /mnt/other/sys/kernel/btf/vmlinux
"""


def run(arguments: dict[str, Any]) -> int:
    """Relocate each program by itself, and print its records."""
    from rawbpf.elf.object import open_object

    objects = read_objects(arguments["FILE"], arguments["--clang"])
    specs = [open_object(one.data) for one in objects]
    chosen = _chosen(specs, arguments["--program"])
    kernel = _Kernel(arguments["--btf"])
    reports = [Report(spec, program, kernel.targets(spec)) for spec, program in chosen]
    if not reports:
        say("nothing in it depends on the kernel's types")
    write_lines(json_lines(reports) if arguments["--json"] else text_lines(reports))
    return 1 if any(one.error for one in reports) else 0


def _chosen(specs: list[ObjectSpec], names: list[str]) -> list[tuple[ObjectSpec, ProgramSpec]]:
    """The programs with records; those that were asked for even without."""
    programs = [(spec, one) for spec in specs for one in spec.programs.values()]
    known = [one.name for _, one in programs]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no program {name!r}", why=f"there is {', '.join(known)}")
    if names:
        return [(spec, one) for spec, one in programs if one.name in names]
    return [(spec, one) for spec, one in programs if one.code.relocations]


class _Kernel:
    """The types of a kernel, read once; candidates are for each object anew."""

    def __init__(self, source: str) -> None:
        from rawbpf.collection.kernel_facts import KernelFacts

        self._facts = KernelFacts()
        own = source == KERNEL
        self._types = self._facts.require_types() if own else open_btf(source)
        self._modules = (lambda: self._facts.modules) if own else dict[str, Btf]
        self._known: dict[int, Targets] = {}

    def targets(self, spec: ObjectSpec) -> Targets:
        """What an object's types are looked up in."""
        from rawbpf.core_relo import Targets

        if id(spec) not in self._known:
            self._known[id(spec)] = Targets(self._types, self._modules)
        return self._known[id(spec)]
