"""Compile the C programs in bpf_src before guests start, so that guests find the objects."""

import os
from pathlib import Path

from rawbpf.arch import X86_64, Architecture, native
from rawbpf.guest.kernels.choice import cached
from rawbpf.guest.kernels.types import types_in_image
from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.source.c.clang import INCLUDE, compile_c

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "bpf_src"
BUILT = ROOT / "build" / "bpf"
HERE = native(X86_64)
CLANGS = ("clang-14", "clang-19")


def kernel_types(arch: Architecture) -> bytes | None:
    """Return the BTF of this kernel, or of a cached kernel of another architecture."""
    if arch is not native():
        return types_in_image(cached(arch)[-1].vmlinuz)
    path = vmlinux_btf()
    return None if path is None else Path(path).read_bytes()


def built(name: str, clang: str, arch: Architecture = HERE) -> Path:
    return BUILT / arch.debian / clang / f"{name}.bpf.o"


def build(name: str, clang: str, arch: Architecture = HERE) -> Path:
    """Compile a program if its source or a header is newer than its object."""
    source, target = SOURCES / f"{name}.bpf.c", built(name, clang, arch)
    newest = max(path.stat().st_mtime for path in (source, *INCLUDE.rglob("*.h")))
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Several test processes may compile the same program at the same time.
        unfinished = target.with_suffix(f".{os.getpid()}")
        done = compile_c(source, clang=clang, types=kernel_types(arch), arch=arch)
        unfinished.write_bytes(done.data)
        unfinished.rename(target)
    return target
