"""Random programs, each with a seed of its own, and their results in the interpreter.

In an emulated guest, building the programs and interpreting them would take most of the time.
`tools/random-programs` therefore writes the cases beforehand, and the guest only runs them in its
kernel. A file of cases is valid only as long as the sources do not change.
"""

import hashlib
import pickle
from collections.abc import Iterable, Iterator
from itertools import count, takewhile
from pathlib import Path
from random import Random
from typing import NamedTuple

from rawbpf.asm import Bytecode
from rawbpf.machine.machine import Machine
from tests.support.random_parts import Parts
from tests.support.random_program import TABLE, VALUE, Recipe, build

LEVELS = (frozenset(), frozenset({"fetch"}), frozenset({"fetch", "v4"}),
          frozenset({"fetch", "v4", "ordered"}))  # fmt: skip
"""Kernel features of each level: those of 5.8, 5.12, 6.6 and 6.15."""

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "random-programs"
SOURCES = (
    "rawbpf/machine/**/*.py",
    "rawbpf/asm/*.py",
    "tests/support/random_cases.py",
    "tests/support/random_parts.py",
    "tests/support/random_program.py",
)
ONLY_KEY = bytes(4)
FDS = {"value": 1000, "table": 1001}


class Outcome(NamedTuple):
    """The lower half of r0 (a test run returns only this), and the map value after the run."""

    result: int
    value: bytes


class Case(NamedTuple):
    """A program to run. ``code`` refers to maps by the numbers in FDS. ``level``: see LEVELS."""

    name: str
    level: int
    code: bytes
    uses_table: bool
    value: bytes
    expected: Outcome


def recipe(name: str, level: int) -> Recipe:
    return Parts(Random(f"{name}/{level}"), LEVELS[level]).recipe()


def run_machine(program: Bytecode, value: bytes) -> Outcome:
    machine = Machine(program, [VALUE, TABLE])
    machine.maps["value"].update(ONLY_KEY, value)
    result = machine.run()
    return Outcome(result & 0xFFFF_FFFF, bytes(machine.maps["value"].lookup(ONLY_KEY, 0)))


def make_case(name: str, level: int, made: Recipe | None = None) -> Case:
    """Build the case of this name, or of the given recipe."""
    made = made or recipe(name, level)
    program = build(made)
    code = program.encode(maps=FDS)
    uses_table = TABLE.name in program.map_names
    return Case(name, level, code, uses_table, made.value, run_machine(program, made.value))


def names(seed: int, level: int) -> Iterator[tuple[str, int]]:
    """Yield the names and levels of the cases for a kernel of this level, endlessly."""
    return ((f"{seed}/{number}", one) for number in count() for one in range(level + 1))


def new_cases(seed: int, level: int) -> Iterator[Case]:
    """Build cases on demand."""
    return (make_case(*name) for name in names(seed, level))


def fingerprint() -> str:
    """Return a hash of all sources that affect the cases."""
    paths = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def write_cases(seed: int, cases: Iterable[Case]) -> None:
    FILE.parent.mkdir(exist_ok=True)
    plain = [(*case[:-1], tuple(case.expected)) for case in cases]
    FILE.write_bytes(pickle.dumps((fingerprint(), seed, plain)))


def written_cases(level: int) -> tuple[int, Iterator[Case]] | None:
    """Return the seed and the cases for a kernel of this level, or None if none are up to date."""
    if not FILE.exists():
        return None
    made_from, seed, plain = pickle.loads(FILE.read_bytes())
    if made_from != fingerprint():
        return None
    found = {one[:2]: Case(*one[:-1], Outcome(*one[-1])) for one in plain}
    return seed, (found[name] for name in takewhile(found.__contains__, names(seed, level)))
