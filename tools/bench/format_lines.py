#!/usr/bin/env python3
"""Measure how long it takes to format a perf ring's bytes as lines, in comparison with fprintf.

    python tools/bench/format_lines.py [--json] [RECORDS ...]

The records are log records from a few processes. A C program, compiled here, prints the same lines
from the same bytes with fprintf(3). rawbpf parses the ring, decodes the records and formats the
lines: one by one, in blocks, and with NumPy if it is installed. All programs write to /dev/null.
Rounds alternate between the contestants, so that a temporary slowdown of the machine affects all of
them, and each contestant formats the records once before it is measured. The unit is nanoseconds of
CPU per line. The targets are fprintf's time with NumPy from 3,000 records on, twice that time
without NumPy, and three times for JSON."""

from __future__ import annotations

import json
import os
import statistics
import struct
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.events.log_record import LogRecord, decode_log, encode_log
from rawbpf.events.log_rows import decode_logs
from rawbpf.output.log_blocks import LineBlocks
from rawbpf.output.log_objects import LogObjects
from rawbpf.output.text import LineFormat
from rawbpf.ring.perf_records import parse_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Formatter = Callable[[bytes], Iterable[bytes]]

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_suffix("") / "fprintf.c"
BUILT = ROOT / "build" / "bench" / "fprintf"
SIZES = (100, 3000, 100_000)
ROUNDS, MOST_RECORDS = 30, 1_000_000
TASKS = ("bash", "python3", "sshd", "kworker/0:1", "systemd-journal")
START = 3600 * 10**9
PEER = "fprintf (C)"


def ring(count: int) -> bytes:
    """Return a perf ring with a record every 7 µs, from five processes on two CPUs."""
    records = []
    for n in range(count):
        task = n * 7919 % 11 % len(TASKS)
        pid = 400 + 977 * task
        one = LogRecord(3, START + 7000 * n, pid, pid, n % 2, TASKS[task], (), "kprobe triggered!")
        data = encode_log(one)
        raw = -(-(len(data) + 4) // 8) * 8 - 4
        records.append(struct.pack("=IHHI", 9, 0, 12 + raw, raw) + data.ljust(raw, b"\0"))
    return b"".join(records)


def compiled() -> Path:
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", str(SOURCE), "-o", str(BUILT)], check=True)
    return BUILT


def formatters() -> dict[str, Formatter]:
    simple, blocks, objects = LineFormat(0), LineBlocks(0), LogObjects(0, "vfs_read")

    def one_by_one(data: bytes) -> Iterable[bytes]:
        for sample in parse_records(data).samples:
            yield f"{simple(decode_log(sample))}\n".encode()

    def in_batches(blocks: Callable[..., Iterable[bytes]]) -> Formatter:
        def lines(data: bytes) -> Iterable[bytes]:
            for batch in parse_records(data).batches:
                for rows in decode_logs(batch)[0]:
                    yield from blocks(rows)

        return lines

    found = {"one by one": one_by_one, "blocks": in_batches(blocks.blocks)}
    if find_spec("numpy") is not None:
        from rawbpf.output.log_array import LineArrays

        found["NumPy"] = in_batches(LineArrays(0, blocks).blocks)
    return found | {"JSON": in_batches(objects.blocks)}


def nanoseconds(formatter: Formatter, data: bytes, count: int, out: int) -> float:
    began = time.process_time_ns()
    for block in formatter(data):
        os.write(out, block)
    return (time.process_time_ns() - began) / count


def peer(program: Path, data: bytes, count: int, rounds: int) -> tuple[bytes, list[float]]:
    words = [str(program), str(count), str(rounds)]
    done = subprocess.run(words, input=data, capture_output=True, check=True)
    return done.stdout, list(map(float, done.stderr.split()))


def measure(count: int, program: Path) -> dict[str, list[float]]:
    data, found = ring(count), formatters()
    rounds = max(5, min(ROUNDS, MOST_RECORDS // count))
    seen: dict[str, list[float]] = {PEER: [], **{name: [] for name in found}}
    out = os.open(os.devnull, os.O_WRONLY)
    for number in range(rounds + 1):
        lines, times = peer(program, data, count, 1)
        for name, formatter in found.items():
            nanoseconds(formatter, data, count, out)
            if number:  # the lines are compared only in the first round
                seen[name].append(nanoseconds(formatter, data, count, out))
            elif b"".join(formatter(data)) != lines and name != "JSON":
                sys.exit(f"{name}: other lines than fprintf")
        seen[PEER] += times * bool(number)
    os.close(out)
    return seen


def main(words: list[str]) -> None:
    sizes = [int(word) for word in words if word != "--json"] or SIZES
    program, rows = compiled(), {}
    for count in sizes:
        seen = measure(count, program)
        for name, times in seen.items():
            low, median, high = statistics.quantiles(times, n=4)
            ratio = median / statistics.median(seen[PEER])
            rows[f"{count:,} records, {name}"] = (median, high - low, ratio)
    if "--json" in words:
        units = {"unit": "ns of CPU per line"}
        print(json.dumps({k: {"median": m, "spread": s, **units} for k, (m, s, _) in rows.items()}))
        return
    print(f"{'':32} {'ns/line':>8} {'spread':>8} {'of C':>6}")
    for name, (median, spread, ratio) in rows.items():
        print(f"{name:32} {median:8.0f} {spread:8.0f} {ratio:6.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
