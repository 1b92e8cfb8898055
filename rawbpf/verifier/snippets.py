"""The first lines that several examples share."""

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
"""Afterwards, r0 points to a value of the map HITS, or is NULL."""

PACKET = """\
        r2 = *(u32 *)(r1 + 0)               ; data
        r3 = *(u32 *)(r1 + 4)               ; data_end
"""
"""For an XDP program."""

RESERVE = """\
.license "GPL"
.map records, ringbuf, entries=4096

.program send, "kprobe"
        r1 = records ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
"""
"""From the license on. Afterwards, r0 points to a record of eight bytes, or is NULL."""
