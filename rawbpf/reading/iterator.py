"""Reads an iterator: each reading runs its program for all tasks, maps or sockets there are.

BPF_ITER_CREATE (5.8) gives a descriptor that behaves like a file in /proc: what the program prints
with bpf_seq_printf and bpf_seq_write is what is read.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.syscall.bpf_link import iter_create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.memory import HasDescriptor

__all__ = ["read_iterator"]

_CHUNK = 1 << 16


def read_iterator(link: HasDescriptor) -> Iterator[bytes]:
    """What the program writes, in pieces, from the first object to the last."""
    with iter_create(link.fileno()) as fd:
        while piece := os.read(fd.fileno(), _CHUNK):
            yield piece
