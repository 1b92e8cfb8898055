"""``rawbpf verify --diff K1,K2``: compare two kernels' verifiers on the same program.

Each kernel verifies the program in a guest and reports the result as JSON; both guests run at the
same time. Values are compared in abbreviated form, because each kernel prints them differently. A
guest gets one CPU, because the verifier uses only one CPU, and starting another takes time.
"""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from json import loads
from typing import TYPE_CHECKING, Any

from rawbpf.cli.system.guest_files import with_objects
from rawbpf.cli.terminal import write_lines
from rawbpf.command_words import own_python, path_word
from rawbpf.errors import GuestError, UsageError
from rawbpf.input_file import open_input
from rawbpf.verifier.words import brief

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["compare", "difference"]

Row = dict[str, Any]
"""A program or instruction in the format of `--json`."""

# reported since 6.4, so the difference would be meaningless
_MAP_NAME = re.compile(r"map=[^,()]*,?")
_COUNTS = ("insns", "total_states", "peak_states")


def compare(arguments: dict[str, Any]) -> int:
    """Verify the programs on both kernels and print the differences."""
    kernels = arguments["--diff"].split(",")
    if len(kernels) != 2 or not all(kernels):
        raise UsageError(
            f"--diff is {arguments['--diff']!r}", fix="specify two kernels, such as 5.10,7.2"
        )
    for other in ("--state", "--path", "--log", "--json"):
        if arguments[other]:
            raise UsageError(
                f"{other} cannot be combined with --diff", fix="use only one of these options"
            )
    open_input(arguments["FILE"]).close()  # report the error before starting two guests
    with with_objects(_words(arguments), ["verify"]) as words, ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda kernel: _ask(kernel, words), kernels))
    for name in {**found[0], **found[1]}:
        write_lines(difference(kernels, [one.get(name) for one in found]))
    return 0


def _words(arguments: dict[str, Any]) -> list[str]:
    """Return the command to run in each guest."""
    words = ["verify", path_word(arguments["FILE"]), "--json"]
    for option in ("--program", "--clang"):
        words += [f"{option}={arguments[option]}"] if arguments[option] else []
    return [*words, *(f"--skip={one}" for one in arguments["--skip"])]


def _ask(kernel: str, words: list[str]) -> dict[str, Row]:
    """Verify the programs in a guest with this kernel, and return each program's JSON."""
    command = own_python("rawbpf", "guest", f"--kernel={kernel}", "--cpus=1", "--no-workload")
    command += ["--", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode not in (0, 1) or not lines:
        last = done.stderr.strip().splitlines() or ["the command printed nothing"]
        why = last[-1].removeprefix("rawbpf: ")
        raise GuestError(f"cannot verify on kernel {kernel}", why=why, details=done.stderr)
    return {one["program"]: one for one in map(loads, lines)}


def difference(kernels: list[str], found: list[Row | None]) -> Iterator[str]:
    """Yield both kernels' results for each program, with None for a kernel without the program."""
    first, second = found
    if first is None or second is None:
        yield (
            f"{(first or second or {}).get('program')}: only one of the kernels verified "
            "this program"
        )
        return
    yield first["program"]
    yield _columns("", *kernels)
    yield _columns("verdict", *(_verdict(one) for one in (first, second)))
    for name in _COUNTS:
        counts = [str(one["statistics"].get(name, "-")) for one in (first, second)]
        yield _columns(name.replace("_", " "), *counts)
    yield _columns(
        "stack", *("+".join(map(str, one["statistics"]["stack"])) for one in (first, second))
    )
    for kernel, one in zip(kernels, (first, second), strict=True):
        if one["explanation"]:
            yield f"  {kernel}: {'; '.join(one['explanation']['kernel'])}"
    idle = [k for k, one in zip(kernels, (first, second), strict=True) if not one["instructions"]]
    if idle:
        yield f"  {' and '.join(idle)} did not verify any instructions"
    else:
        yield from _instructions(first, second)
    yield ""


def _verdict(one: Row) -> str:
    if one["accepted"]:
        return "accepted"
    return f"rejected [{one['explanation']['code'] or 'no rule'}]"


def _columns(label: str, left: str, right: str) -> str:
    return f"  {label:<34} {left:<40} {right}".rstrip()


def _instructions(first: Row, second: Row) -> Iterator[str]:
    """Yield the instructions whose states differ."""
    theirs = {one["slot"]: one for one in second["instructions"]}
    ours = {one["slot"]: one for one in first["instructions"]}
    for slot in sorted(ours.keys() | theirs.keys()):
        pair = ours.get(slot), theirs.get(slot)
        rows = list(_rows(*pair))
        if rows:
            insn = (pair[0] or pair[1] or {})["insn"]
            yield f"  {slot}: {insn}"
            yield from (_columns(*row) for row in rows)


def _rows(ours: Row | None, theirs: Row | None) -> Iterator[tuple[str, str, str]]:
    """Yield the differences at one instruction: visits, and the state before the first visit."""
    counts = [str(one["visits"]) if one else "never reached" for one in (ours, theirs)]
    if counts[0] != counts[1]:
        yield "    visits", counts[0], counts[1]
    if not ours or not theirs or not ours["states"] or not theirs["states"]:
        return
    before = [one["states"][0]["before"] for one in (ours, theirs)]
    for place in sorted(before[0].keys() & before[1].keys()):
        values = [_MAP_NAME.sub("", brief(one[place])) for one in before]
        if values[0] != values[1]:
            yield f"    {place}", values[0], values[1]
