"""``rawbpf relocate``: show an object's CO-RE relocations for a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf.btf import Btf
from rawbpf.cli.objects.btf_source import KERNEL, open_btf
from rawbpf.cli.objects.object_file import read_objects
from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.asm.instruction import Instruction
    from rawbpf.core_relo import Result, Targets
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["USAGE", "run"]

USAGE = """Show the CO-RE relocations of an object, and their results for a kernel.

Usage:
  rawbpf relocate FILE [--btf SOURCE] [--program NAME]... [options] [-v]...

Arguments:
  FILE            A .bpf.o, .bpf.c or .bpf.s file, or an executable that contains objects.

Options:
  --btf SOURCE    Where to read the target kernel's BTF: 'kernel' for the running kernel, or a BTF
                  file, such as a copy of another machine's /sys/kernel/btf/vmlinux
                  [default: kernel].
  --program NAME  Show only this program.
  --clang NAME    The clang to use for compiling .bpf.c files.
  --json          Print one JSON object per program.
  -v, --verbose   Print more detail to stderr.
  -h, --help      Show this help.

LOCAL is the value in the object, and TARGET is the value for the kernel. If a relocation cannot be
resolved, the instruction is replaced with an invalid call, which the verifier rejects if the
program can reach it; the reason is printed below. Exit status: 1 if a program cannot be relocated.

  rawbpf relocate tool.bpf.o --btf /mnt/other/sys/kernel/btf/vmlinux
"""


def run(arguments: dict[str, Any]) -> int:
    """Relocate each program separately and print its relocations."""
    from rawbpf.elf.object import open_object

    objects = read_objects(arguments["FILE"], arguments["--clang"])
    specs = [open_object(one.data) for one in objects]
    chosen = _chosen(specs, arguments["--program"])
    kernel = _Kernel(arguments["--btf"])
    reports = [Report(spec, program, kernel.targets(spec)) for spec, program in chosen]
    if not reports:
        say("this file contains no CO-RE relocations")
    write_lines(json_lines(reports) if arguments["--json"] else text_lines(reports))
    return 1 if any(one.error for one in reports) else 0


def _chosen(specs: list[ObjectSpec], names: list[str]) -> list[tuple[ObjectSpec, ProgramSpec]]:
    """Return the programs that have relocations, or only the named programs."""
    programs = [(spec, one) for spec in specs for one in spec.programs.values()]
    known = [one.name for _, one in programs]
    for name in names:
        if name not in known:
            raise UsageError(f"no program {name!r}", why=f"the file contains {', '.join(known)}")
    if names:
        return [(spec, one) for spec, one in programs if one.name in names]
    return [(spec, one) for spec, one in programs if one.code.relocations]


class _Kernel:
    """A kernel's types, which are read once; candidates are looked up for each object."""

    def __init__(self, source: str) -> None:
        from rawbpf.collection.kernel_facts import KernelFacts

        self._facts = KernelFacts()
        own = source == KERNEL
        self._types = self._facts.require_types() if own else open_btf(source)
        self._modules = (lambda: self._facts.modules) if own else dict[str, Btf]
        self._known: dict[int, Targets] = {}

    def targets(self, spec: ObjectSpec) -> Targets:
        """Return the kernel types in which an object's types are looked up."""
        from rawbpf.core_relo import Targets

        if id(spec) not in self._known:
            self._known[id(spec)] = Targets(self._types, self._modules)
        return self._known[id(spec)]


_KINDS = {
    "FIELD_BYTE_OFFSET": "offset",
    "FIELD_BYTE_SIZE": "size",
    "FIELD_EXISTS": "exists",
    "FIELD_SIGNED": "signed",
    "FIELD_LSHIFT_U64": "left shift",
    "FIELD_RSHIFT_U64": "right shift",
    "TYPE_ID_LOCAL": "local type ID",
    "TYPE_ID_TARGET": "target type ID",
    "TYPE_EXISTS": "exists",
    "TYPE_SIZE": "size",
    "ENUMVAL_EXISTS": "exists",
    "ENUMVAL_VALUE": "value",
    "TYPE_MATCHES": "matches",
}


class Report:
    """The relocations of one program, or the ``error`` if they could not be applied."""

    def __init__(self, spec: ObjectSpec, program: ProgramSpec, targets: Targets) -> None:
        from rawbpf.core_relo import relocate

        self.program = program
        self.results: tuple[Result, ...] = ()
        self.error: UnsupportedError | None = None
        if not program.code.relocations or spec.btf is None:
            return
        try:
            self.results = relocate(program.code, spec.btf, targets).results
        except (
            UnsupportedError
        ) as error:  # the relocation is ambiguous, but other programs may still be relocated
            self.error = error


def text_lines(reports: Iterable[Report]) -> Iterator[str]:
    """Yield a table for each program, followed by the reasons why relocations failed."""
    for number, report in enumerate(reports):
        if number:
            yield ""
        yield from _program(report)


def _program(report: Report) -> Iterator[str]:
    from rawbpf.output.text import table

    results, program = report.results, report.program
    poisoned = sum(one.target is None for one in results)
    said = f"{len(results)} relocation" + "s" * (len(results) != 1)
    said += f", {poisoned} unresolved" if poisoned else ""
    title = f"program {program.name}, section {program.section}"
    yield printable(f"{title}: {report.error or said}")
    if not results:
        return
    heads = ["SLOT", "KIND", "ACCESS", "LOCAL", "TARGET", "INSTRUCTION", "BECOMES"]
    rows = [
        [one.slot, _kind(one.kind), one.access, one.local, one.target, *_change(one)]
        for one in results
    ]
    yield from table(heads, rows, right={"SLOT", "LOCAL", "TARGET"})
    for one in results:
        if one.missing:
            yield printable(f"slot {one.slot}: {one.missing}")


def _kind(kind: bpf_core_relo_kind) -> str:
    return _KINDS[kind.name.removeprefix("BPF_CORE_")]


def _change(result: Result) -> list[str]:
    """Format the instruction as it was before and after the relocation."""
    before = _instruction(result.before)
    if result.target is None:
        return [before, "(poisoned)"]
    return [before, "(unchanged)" if result.after == result.before else _instruction(result.after)]


def _instruction(instruction: Instruction) -> str:
    from rawbpf.asm.format import format_instruction

    return format_instruction(instruction)


def json_lines(reports: Iterable[Report]) -> Iterator[str]:
    """Yield one JSON object per program."""
    from json import dumps

    for report in reports:
        program = report.program
        rows = [_record(one) for one in report.results]
        error = report.error and str(report.error)
        yield dumps(
            {
                "program": program.name,
                "section": program.section,
                "relocations": rows,
                "error": error,
            }
        )


def _record(result: Result) -> dict[str, Any]:
    return {
        "slot": result.slot,
        "kind": result.kind.name,
        "access": result.access,
        "local": result.local,
        "target": result.target,
        "candidate": result.candidate or None,
        "missing": result.missing or None,
        "before": {"bytes": result.before.encode().hex(), "text": _instruction(result.before)},
        "after": {"bytes": result.after.encode().hex(), "text": _instruction(result.after)},
        "source": None if result.source is None else result.source._asdict(),
    }
