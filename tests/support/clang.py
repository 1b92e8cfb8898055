"""Compile C to BTF with clang."""

import subprocess

from elftools.elf.elffile import ELFFile

from rawbpf.btf.btf import Btf
from tests.support.peers import peer


def clang(*arguments, newest=True, text=None):
    """Run clang 19, or 14 for ``newest=False``, and return its stderr. Assert that it succeeds."""
    program = peer("clang-19", "clang") if newest else peer("clang-14")
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    return done.stderr


def compile_object(source, path, **options):
    """Compile C text to a BPF object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clang(
        "-target", "bpf", "-g", "-O2", "-x", "c", "-c", "-", "-o", str(path), text=source, **options
    )
    return path


def sections(path, *names):
    with path.open("rb") as file:
        elf = ELFFile(file)
        found = [elf.get_section_by_name(name) for name in names]
        return [section.data() if section else None for section in found]


def btf_of(source, folder, **options):
    """Return the BTF that clang writes for C text."""
    (data,) = sections(compile_object(source, folder / "object.o", **options), ".BTF")
    return Btf.from_bytes(data)
