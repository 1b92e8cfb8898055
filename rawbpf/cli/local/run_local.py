"""``rawbpf run-local``: run a program in the interpreter and show its effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import whole_number
from rawbpf.cli.local.options import ARGUMENTS, NOTES, OPTIONS, settings
from rawbpf.cli.local.show import map_lines, map_object, printed_lines
from rawbpf.cli.terminal import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.machine.machine import Machine

__all__ = ["USAGE", "run"]

USAGE = f"""Run a program in a pure-Python eBPF interpreter with maps and helpers, without a kernel.

Usage:
  rawbpf run-local FILE [options] [--set=ENTRY]... [-v]...
{ARGUMENTS}
Options:{OPTIONS}  --runs COUNT     Run it this often; maps keep their contents [default: 1].
  --json           Print one JSON object.
  -v, --verbose    Print more detail to stderr.
  -h, --help       Show this help.
{NOTES}
  rawbpf run-local bpf_src/hello_kprobe.bpf.s --world comm=cat,pid=7
  rawbpf run-local bpf_src/drop_every_third.bpf.s --data packet.bin --runs 3
"""

_MOST_RUNS = 1_000_000


def run(arguments: dict[str, Any]) -> int:
    """Run the program, and print r0, the maps' contents, output and the instruction count."""
    chosen, runs = settings(arguments), _runs(arguments["--runs"])
    machine, total = chosen.start(), 0
    results = []
    for _ in range(runs):
        results.append(machine.run(chosen.context, budget=chosen.budget))
        total += machine.steps
    lines = (
        _json(machine, results, total) if arguments["--json"] else _text(machine, results, total)
    )
    write_lines(lines)
    return 0


def _runs(text: str) -> int:
    fix = f"specify a number from 1 to {_MOST_RUNS}"
    return whole_number(text, "--runs", fix, lowest=1, highest=_MOST_RUNS)


def _text(machine: Machine, results: list[int], total: int) -> Iterator[str]:
    for result in results:
        yield f"r0 = {_both(result)}"
    yield f"{total} instructions"
    for map_ in machine.maps:
        yield from map_lines(map_)
    if machine.printed:
        yield "printed:"
        yield from printed_lines(machine)


def _both(result: int) -> str:
    """Format r0 as a number; if its top bit is set, also show it in hex and as a signed number."""
    return f"{result:#x} ({result - (1 << 64)})" if result >> 63 else str(result)


def _json(machine: Machine, results: list[int], total: int) -> Iterator[str]:
    from json import dumps

    yield dumps(
        {
            "r0": results[-1],
            "results": results,
            "instructions": total,
            "maps": {map_.spec.name: map_object(map_) for map_ in machine.maps},
            "printed": machine.printed,
        }
    )
