"""Read a BPF iterator, whose program runs once for each task, map, socket or other object.

BPF_ITER_CREATE (5.8) returns a descriptor that behaves like a file in /proc: reading it returns the
output that the program writes with bpf_seq_printf and bpf_seq_write.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.syscall.bpf_link import iter_create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.fd import HasDescriptor

__all__ = ["read_iterator"]

_CHUNK = 1 << 16


def read_iterator(link: HasDescriptor) -> Iterator[bytes]:
    """Run the iterator once, and yield its output in chunks of up to 64 KiB."""
    with iter_create(link.fileno()) as fd:
        while piece := os.read(fd.fileno(), _CHUNK):
            yield piece
