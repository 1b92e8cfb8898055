"""bpftool, and so libbpf, loads the objects that we write."""

import subprocess
from pathlib import Path

import pytest

from rawbpf.elf.write import encode_object
from rawbpf.kernel.version import kernel_version
from rawbpf.source.assembler import assemble_file
from tests.support.peers import peer

pytestmark = pytest.mark.no_probe

BPF_SRC = Path(__file__).parents[2] / "bpf_src"
NEEDS = {"callback.bpf.s": (5, 17)}
"""Programs that use a feature newer than 5.8."""


def bpftool(*words):
    done = subprocess.run([peer("bpftool"), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def pinned(tmp_path):
    """A folder in bpffs, which is removed with its contents."""
    folder = Path("/sys/fs/bpf") / tmp_path.name
    yield folder
    for path in folder.glob("*"):
        path.unlink()
    if folder.exists():
        folder.rmdir()


def files():
    return [path for path in sorted(BPF_SRC.glob("*.bpf.s"))
            if NEEDS.get(path.name, (5, 8)) <= kernel_version()[:2]]  # fmt: skip


@pytest.mark.parametrize("source", files(), ids=lambda path: path.name)
def test_libbpf_loads_our_objects(source, pinned, tmp_path):
    spec, target = assemble_file(source), tmp_path / "object.o"
    target.write_bytes(encode_object(spec))
    said = bpftool("prog", "loadall", str(target), str(pinned))
    assert "Error" not in said, said  # libbpf tries again without types that the kernel rejects
    for name, program in spec.programs.items():
        dumped = bpftool("prog", "dump", "xlated", "pinned", str(pinned / name), "linum")
        lines = {one.source.line for one in program.code.instructions}
        for line in lines:
            assert f"line_num:{line} " in dumped
        for function in program.code.functions:
            assert f"int {function.name}(" in dumped
    listed = bpftool("map", "list")
    for name in spec.maps:
        assert f"name {name}" in listed
