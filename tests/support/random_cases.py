"""Cases: random programs, each from a number of its own, with what the machine makes of them.

Under an emulated processor most of the time of a comparison would be spent in Python: making a
program, and running the machine. So `tools/random-programs` writes cases beforehand, and what is
left for the guest is to ask its kernel. They are only good for the sources that made them.
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
"""What kernels can have beyond 5.8: nothing, 5.12, 6.6, 6.15."""

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
    """The low half of r0 (the kernel tells no more) and the value that the program left."""

    result: int
    value: bytes


class Case(NamedTuple):
    """``code`` refers to maps by the numbers of FDS. ``level``: what it needs of the kernel."""

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
    """The case of this name, or with a recipe of one's own."""
    made = made or recipe(name, level)
    program = build(made)
    code = program.encode(maps=FDS)
    uses_table = TABLE.name in program.map_names
    return Case(name, level, code, uses_table, made.value, run_machine(program, made.value))


def names(seed: int, level: int) -> Iterator[tuple[str, int]]:
    """The names and levels of the cases for a kernel of this level, all of them in turn, no end."""
    return ((f"{seed}/{number}", one) for number in count() for one in range(level + 1))


def new_cases(seed: int, level: int) -> Iterator[Case]:
    """Cases made as they are asked for."""
    return (make_case(*name) for name in names(seed, level))


def fingerprint() -> str:
    """Of all sources that have a say in what cases are."""
    paths = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def write_cases(seed: int, cases: Iterable[Case]) -> None:
    FILE.parent.mkdir(exist_ok=True)
    plain = [(*case[:-1], tuple(case.expected)) for case in cases]
    FILE.write_bytes(pickle.dumps((fingerprint(), seed, plain)))


def written_cases(level: int) -> tuple[int, Iterator[Case]] | None:
    """The seed and the cases for a kernel of this level; None when there are none, or old ones."""
    if not FILE.exists():
        return None
    made_from, seed, plain = pickle.loads(FILE.read_bytes())
    if made_from != fingerprint():
        return None
    found = {one[:2]: Case(*one[:-1], Outcome(*one[-1])) for one in plain}
    return seed, (found[name] for name in takewhile(found.__contains__, names(seed, level)))
