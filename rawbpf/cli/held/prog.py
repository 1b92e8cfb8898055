"""``rawbpf prog``: show the programs in the kernel and their translated instructions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rawbpf.cli.held.kernel_objects import (
    all_of,
    date,
    described,
    memory,
    named,
    only,
    show,
    with_holders,
)
from rawbpf.cli.terminal import write_lines
from rawbpf.kernel.hardware import time_namespace_offset_ns
from rawbpf.kernel.perf_probes import perf_probes
from rawbpf.output.text import table
from rawbpf.programs.program import KernelProgram
from rawbpf.programs.translated import full_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.format import Style

__all__ = ["USAGE", "run"]

USAGE = """Show the BPF programs that are loaded in the kernel.

Usage:
  rawbpf prog list [--json] [-v]...
  rawbpf prog show PROGRAM [--json] [-v]...
  rawbpf prog dump PROGRAM [--json | --dot] [--no-source] [--dialect DIALECT] [-v]...

`prog list` prints a table of all programs. `prog show` prints all details of a program, including
the processes that hold it, and the perf events that run it: kprobes, uprobes and tracepoints.
`prog dump` prints a program's instructions as rewritten by the verifier, with inlined helpers,
added checks, and the names of maps, helpers and functions.

Arguments:
  PROGRAM            An ID, a name, or the path of a pinned program, such as 12, hello_kprobe
                     or /sys/fs/bpf/hello.

Options:
  --json             Print one JSON object per program or instruction, with bpftool's keys.
  --dot              Print the control-flow graph for Graphviz: ... | dot -Tsvg.
  --no-source        Omit source lines.
  --dialect DIALECT  Syntax: c or mnemonic, as for `rawbpf disasm` [default: c].
  -v, --verbose      Print more detail to stderr.
  -h, --help         Show this help.

The kernel counts run_time_ns and run_cnt only while sysctl kernel.bpf_stats_enabled is 1.
"""


def run(arguments: dict[str, Any]) -> int:
    """Print a list of programs, the facts about a program, or a dump."""
    if arguments["dump"]:
        write_lines(_dump(arguments))
        return 0
    if arguments["list"]:
        programs: Iterator[KernelProgram] = all_of("prog", KernelProgram.from_fd)
    else:
        programs = named("prog", arguments["PROGRAM"], KernelProgram.from_fd, _name)
    rows = with_holders("prog", [_facts(one) for one in programs])
    write_lines(show(list(_with_probes(rows)), arguments, _table))
    return 0


def _with_probes(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Add to each row the probes that run the program, and the processes that hold them."""
    probes = list(perf_probes())
    for row in rows:
        found = [one for one in probes if one.prog_id == row["id"]]
        yield row | {"perf_events": [described(one) for one in found]}


def _name(program: KernelProgram) -> str:
    return program.info().name


def _facts(program: KernelProgram) -> dict[str, Any]:
    info = program.info()
    ahead = time_namespace_offset_ns("boottime") / 10**9
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ahead
    return {
        "id": info.id,
        "type": info.type_word,
        "name": full_name(program),
        "tag": info.tag,
        "gpl_compatible": info.gpl_compatible,
        "loaded_at": int(booted + info.load_time / 10**9),
        "uid": info.created_by_uid,
        "bytes_xlated": info.xlated_prog_len,
        "bytes_jited": info.jited_prog_len,
        "bytes_memlock": memory(program.fileno()),
        "map_ids": list(info.map_ids),
        "btf_id": info.btf_id or None,
        "verified_insns": info.verified_insns or None,
        "run_time_ns": info.run_time_ns,
        "run_cnt": info.run_cnt,
        "recursion_misses": info.recursion_misses,
    }


_COLUMNS = {
    "ID": "id",
    "TYPE": "type",
    "NAME": "name",
    "LOADED": "loaded_at",
    "UID": "uid",
    "XLATED": "bytes_xlated",
    "JITED": "bytes_jited",
    "MAPS": "map_ids",
}


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    return table(list(_COLUMNS), map(_cells, rows), right={"ID", "UID", "XLATED", "JITED"})


def _cells(row: dict[str, Any]) -> list[object]:
    shown = row | {
        "loaded_at": date(row["loaded_at"]),
        "map_ids": " ".join(map(str, row["map_ids"])),
    }
    return [shown[name] for name in _COLUMNS.values()]


def _dump(arguments: dict[str, Any]) -> list[str]:
    """Return the lines of a dump, which are produced while the program is open."""
    from rawbpf.cli.objects.listing import json_lines, listing, plain, style_of
    from rawbpf.programs.translated import translated

    style = style_of(arguments["--dialect"])
    with only("prog", arguments["PROGRAM"], KernelProgram.from_fd, _name, _id) as program:
        if arguments["--dot"]:
            return list(_graph(program, style))
        code = translated(program)
        if arguments["--json"]:
            return list(json_lines([code], style))
        return list(listing([code], style, plain, sources=not arguments["--no-source"]))


def _id(program: KernelProgram) -> int:
    return program.info().id


def _graph(program: KernelProgram, style: Style) -> Iterator[str]:
    from rawbpf.asm.cfg import control_flow
    from rawbpf.asm.disassembler import disassemble
    from rawbpf.output.dot import dot
    from rawbpf.programs.translated import translated

    code = translated(program)
    blocks = control_flow(code.instructions, code.functions)
    rows = disassemble(code.instructions, style, code.functions, code.symbols, code.texts)
    texts = {
        block.start: [
            f"{f'{row.label}: ' if row.label and row.slot == block.start else ''}{row.text}"
            for row in rows
            if block.start <= row.slot < block.end
        ]
        for block in blocks
    }
    return dot(full_name(program), blocks, texts, code.functions)
