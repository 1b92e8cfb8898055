"""Compile the C programs in bpf_src before guests start, so that guests find the objects."""

import os
from pathlib import Path

from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.source.c.clang import INCLUDE, compile_c

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "bpf_src"
BUILT = ROOT / "build" / "bpf"
CLANGS = ("clang-14", "clang-19")


def kernel_types() -> bytes | None:
    path = vmlinux_btf()
    return None if path is None else Path(path).read_bytes()


def built(name: str, clang: str) -> Path:
    return BUILT / clang / f"{name}.bpf.o"


def build(name: str, clang: str) -> Path:
    """Compile a program if its source or a header is newer than its object."""
    source, target = SOURCES / f"{name}.bpf.c", built(name, clang)
    newest = max(path.stat().st_mtime for path in (source, *INCLUDE.rglob("*.h")))
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Several test processes may compile the same program at the same time.
        unfinished = target.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(compile_c(source, clang=clang, types=kernel_types()).data)
        unfinished.rename(target)
    return target
