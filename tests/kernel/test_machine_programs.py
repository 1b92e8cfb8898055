"""Run programs with maps, helpers, callbacks, tail calls and packets in both.

The first line of each file in `machine_programs` names the kernel that it needs.
"""

from pathlib import Path

import pytest

from rawbpf.kernel.version import kernel_version
from rawbpf.source.assembler import assemble_file
from tests.support.kernel_programs import in_kernel, in_machine

pytestmark = pytest.mark.no_probe

PROGRAMS = sorted((Path(__file__).parent / "machine_programs").glob("*.bpf.s"))
PACKET = bytes(range(0x80, 0x80 + 64))


def needed(file: Path) -> tuple[int, ...]:
    first = file.read_text().partition("\n")[0]
    return tuple(map(int, first.removeprefix("; kernel ").split(".")))


RUNNABLE = [file for file in PROGRAMS if needed(file) <= kernel_version()[:2]]


@pytest.mark.parametrize("file", RUNNABLE, ids=lambda file: file.name.removesuffix(".bpf.s"))
def test_results_are_the_same_in_kernel_and_interpreter(file):
    spec = assemble_file(file)
    assert in_machine(spec, PACKET) == in_kernel(spec, PACKET)
