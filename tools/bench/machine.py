#!/usr/bin/env python3
"""Measure how many instructions per second the interpreter runs, compared with other methods.

    tools/bench/machine.py [ROUNDS]

Each program is a loop of a thousand iterations. The kernel runs it through its JIT with
BPF_PROG_TEST_RUN, if this process may load programs. Python executes the same arithmetic in a
hand-written loop. The result is the fastest round, because disturbances only add time. The exit
status is 1 if the interpreter runs any program slower than a million instructions per second."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.kernel.rights import missing_capabilities
from rawbpf.machine.machine import Machine
from rawbpf.maps.map import Map
from rawbpf.programs.program import load
from rawbpf.source.assembler import assemble

if TYPE_CHECKING:
    from rawbpf.specs.object_spec import ObjectSpec

TURNS = 1000
TARGET = 1_000_000
REPEAT = 20

PROGRAM = """
.license "GPL"
.map counts, array, key=u32, value=u64, entries=1
.program bench, "tc"
    r6 = 0
    r7 = 3
    *(u64 *)(r10 - 8) = 0
    *(u32 *)(r10 - 12) = 0
again:
{body}
    r6 += 1
    if r6 < {turns} goto again
    r0 = 0
    exit
.function add
    r0 = r1
    r0 += r2
    exit
"""

BODIES = {
    "arithmetic": """
        r7 += r6
        r7 ^= 21
        w7 *= w6
        r7 <<= 3
        r7 s>>= 2
    """,
    "memory": """
        r1 = *(u64 *)(r10 - 8)
        r1 += r6
        *(u64 *)(r10 - 8) = r1
        r2 = *(u8 *)(r10 - 5)
        lock *(u64 *)(r10 - 8) += r2
    """,
    "branches": """
        if r7 > 5 goto +1
        r7 += 1
        if w7 s< 0 goto +1
        r7 += 2
        if r7 & 1 goto +0
    """,
    "calls": """
        r1 = r6
        r2 = r7
        call add
    """,
    "map lookups": """
        r1 = counts ll
        r2 = r10
        r2 += -12
        call map_lookup_elem
        if r0 == 0 goto +3
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
    """,
}


def in_machine(spec: ObjectSpec, rounds: int) -> tuple[float, int]:
    """Return the number of instructions per second, and the number of instructions in one run."""
    machine = Machine(spec.programs["bench"].code, spec.maps.values())
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(REPEAT):
            machine.run()
        best = min(best, time.process_time() - started)
    return REPEAT * machine.steps / best, machine.steps


def in_kernel(spec: ObjectSpec, rounds: int) -> float:
    """Return the duration of one run in the kernel, in seconds."""
    with ExitStack() as stack:
        maps = {"counts": stack.enter_context(Map.create(spec.maps["counts"]))}
        program = stack.enter_context(load(spec.programs["bench"], maps))
        best = min(program.test_run(bytes(64), repeat=1000).duration for _ in range(rounds))
    return best / 1e9


def in_python(rounds: int) -> float:
    """Return the duration of the same arithmetic in plain Python, in seconds."""
    best, mask64, mask32 = float("inf"), (1 << 64) - 1, (1 << 32) - 1
    for _ in range(rounds):
        started, value = time.process_time(), 3
        for turn in range(TURNS):
            value = (value + turn & mask64) ^ 21
            value = (value & mask32) * turn & mask32
            value = value << 3 & mask64
            value = ((value ^ 1 << 63) - (1 << 63) >> 2) & mask64
        best = min(best, time.process_time() - started)
    return best


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    kernel = not missing_capabilities({"CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"})
    slowest = float("inf")
    for name, body in BODIES.items():
        spec = assemble(PROGRAM.format(body=body, turns=TURNS), name)
        speed, steps = in_machine(spec, rounds)
        slowest = min(slowest, speed)
        beside = f", the kernel {steps / in_kernel(spec, rounds) / 1e6:.0f} M" if kernel else ""
        if name == "arithmetic":
            beside += f", Python by hand {steps / in_python(rounds) / 1e6:.1f} M"
        print(f"{name:12} {speed / 1e6:5.2f} M instructions/s{beside}")
    print(f"the slowest: {slowest / TARGET:.1f} times the target of {TARGET:,} per second")
    return int(slowest < TARGET)


if __name__ == "__main__":
    sys.exit(main())
