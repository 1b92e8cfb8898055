"""Beginnings of examples: what a program has done before it comes to the point."""

from __future__ import annotations

__all__ = ["HITS", "LOOKUP", "PACKET", "RESERVE"]

HITS = ".map hits, hash, key=u32, value=u64, entries=16\n\n"

LOOKUP = """\
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
"""
"""r0 is a value of the map HITS, or NULL."""

PACKET = """\
        r2 = *(u32 *)(r1 + 0)               ; data
        r3 = *(u32 *)(r1 + 4)               ; data_end
"""
"""Of an XDP program."""

RESERVE = """\
.license "GPL"
.map records, ringbuf, entries=4096

.program send, "kprobe"
        r1 = records ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
"""
"""A whole beginning: r0 is a record of eight bytes, or NULL."""
