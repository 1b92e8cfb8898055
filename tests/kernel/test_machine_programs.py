"""The machine against the kernel: programs that use maps, helpers, callbacks, tail calls, packets.

Each file of `machine_programs` says in its first line which kernel it needs.
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
def test_same_in_both(file):
    spec = assemble_file(file)
    assert in_machine(spec, PACKET) == in_kernel(spec, PACKET)
