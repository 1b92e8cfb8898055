"""Read damaged objects: the result is an object or a declared error, within 1 s and 200 MB.

The test changes bytes and words of clang's objects and truncates them. For the smallest object it
tries every byte and every length, for the others a sample. A separate process does this, so that
the kernel enforces the limits.
"""

import subprocess
import sys
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.for_kernel import for_kernel
from rawbpf.collection.object_source import embedded_objects
from rawbpf.collection.variables import Variables
from rawbpf.core_relo import Targets, relocate
from rawbpf.elf.inventory import inventory
from rawbpf.elf.object import open_object, read_spec
from rawbpf.elf.read import ObjectFile
from rawbpf.errors import RawbpfError
from tests.support.bounds import run_bounded
from tests.support.core_objects import core_object
from tests.support.llvm import run as llvm

WORDS = (
    0, 1, 2, 3, 8, 0x7F, 0xFFFF, 0xFF_FFFF, 0x400_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF
)  # fmt: skip


def exercise(data, kernel):
    """Run every query on an object. A query may raise a declared error, but nothing else."""
    list(embedded_objects(b"\x7fELF" + data))
    try:
        file = ObjectFile(data)
        spec = read_spec(file)
    except RawbpfError:
        return
    with suppress(RawbpfError):
        inventory(file, spec)
    for section in spec.data.values():
        variables = Variables(section, spec.btf)
        for name in variables:
            with suppress(RawbpfError):
                variables[name]
    if spec.btf is None:
        return
    with suppress(RawbpfError):
        for_kernel(spec.btf, {}, (), spec.hidden).encode()
    for target in (kernel, spec.btf):
        targets = Targets(target)
        for program in spec.programs.values():
            with suppress(RawbpfError):
                relocate(program.code, spec.btf, targets)


def cut(data):
    for length in range(len(data)):
        yield f"cut off at {length}", data[:length]


def other_bytes(data):
    for at in range(len(data)):
        value = data[at] ^ (0xFF, 0x01, 0x80)[at % 3]
        yield f"byte {at} is {value}", data[:at] + bytes([value]) + data[at + 1 :]


def other_words(data):
    """Put every value into every kind of field, but not into every field of every row."""
    for at in range(0, len(data) - 3, 4):
        value = WORDS[at // 4 * 5 % len(WORDS)]
        yield f"word {at} is {value:#x}", data[:at] + value.to_bytes(4, "little") + data[at + 4 :]


def against(damaged, spec):
    """Relocate a good object for a damaged kernel."""
    with suppress(RawbpfError):
        targets = Targets(Btf(damaged))
        for program in spec.programs.values():
            with suppress(RawbpfError):
                relocate(program.code, spec.btf, targets)


def main(path, kernel, step, which):
    """Try every ``step``-th variation. One that ends in another way ends this process."""
    data, types = Path(path).read_bytes(), Path(kernel).read_bytes()
    if which == "object":
        victim, question = data, partial(exercise, kernel=Btf(types))
    else:
        victim, question = types, partial(against, spec=open_object(data))
    question(victim)
    cases = chain(cut(victim), other_bytes(victim), other_words(victim))
    print(run_bounded(islice(cases, 0, None, int(step)), question))


def damage(folder, name, step, which):
    """Return how many variations were tried. Strip debug information, most of a file, first."""
    path, types = folder / f"{name}.o", folder / "types"
    llvm("llvm-strip", "--strip-debug", str(core_object(name)), "-o", str(path))
    kernel = str(core_object("target_moved"))
    llvm("llvm-objcopy", f"--dump-section=.BTF={types}", kernel, str(folder / "unused"))
    words = ["tests.fuzz.test_objects", str(path), str(types), str(step), which]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout)


@pytest.mark.parametrize(
    ("name", "step"), [("tiny", 1), ("maps", 47), ("kinds", 83), ("fields", 113)]
)
def test_damaged_objects(tmp_path, name, step):
    assert damage(tmp_path, name, step, "object") > 250


@pytest.mark.parametrize(("name", "step"), [("fields", 7), ("kinds", 7)])
def test_damaged_kernels(tmp_path, name, step):
    assert damage(tmp_path, name, step, "kernel") > 400


if __name__ == "__main__":
    main(*sys.argv[1:])
