#!/usr/bin/env python3
"""Measure the CPU time needed to explain a long verifier log in a new process.

    python tools/bench/verifier.py [MEGABYTES] [RUNS]

The log resembles real logs: it contains a loop unrolled by the verifier, the state after each
instruction, and every kind of line that logs contain. The log ends with one of several errors, such
as a pointer that may be NULL. The target is 100 ms per MB.
"""

from __future__ import annotations

import subprocess
import sys

EXPLAIN = """
import sys, time
text = sys.stdin.read()
started = time.process_time()
from rawbpf.verifier.explainer import explain
from rawbpf.output.explanation import explanation_lines
found = explain(text)
shown = list(explanation_lines(found))
print(time.process_time() - started)
"""

STATE = (
    "R1=map_value(map=hits,ks=4,vs=8) R7=scalar(id={n},smin=0,smax=umax=255,var_off=(0x0; 0xff))"
)
ROUND = """\
; for (i = 0; i < n; i++) @ loop.bpf.c:12
4: (07) r6 += 1                       ; R6={n}
5: (bf) r7 = r6                       ; {state}
6: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
7: (a5) if r6 < 0xffff goto pc-4
mark_precise: frame0: last_idx 7 first_idx 4 subseq_idx -1
mark_precise: frame0: regs=r6 stack= before 6: (85) call bpf_get_prandom_u32#7
8: R6={n}

from 7 to 4: {state}
4: {state}
"""
BEGIN = "0: R1=ctx() R10=fp0\n3: (85) call bpf_map_lookup_elem#1 ; R0=map_value_or_null(id=1)\n"
BEGIN += "4: (bf) r8 = r0 ; R8=map_value_or_null(id=1,map=hits,ks=4,vs=8)\n"
MESSAGES = {
    "maybe NULL": "8: (79) r0 = *(u64 *)(r8 +0)\nR8 invalid mem access 'map_value_or_null'",
    "not written": "8: (bf) r0 = r9\nR9 !read_ok",
    "bounds": "8: (79) r0 = *(u64 *)(r1 +8)\nR1 unbounded memory access, make sure to bounds check",
    "size": "8: (85) call bpf_x#4\nR9 min value is negative, either use unsigned or 'var &= const'",
    "leak": "8: (95) exit\nUnreleased reference id=77 alloc_insn=3",
    "released": "8: (79) r0 = *(u64 *)(r9 +0)\nR9 invalid mem access 'scalar'",
    "unknown": "8: (79) r0 = *(u64 *)(r9 +0)\nnever heard of",
}


def log(size: int, message: str) -> str:
    """Return a log of about ``size`` bytes that ends with the given message."""
    one = ROUND.format(n=1, state=STATE.format(n=1))
    rounds = (ROUND.format(n=n, state=STATE.format(n=n)) for n in range(size // len(one)))
    return BEGIN + "".join(rounds) + message + "\nprocessed 9 insns\n"


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{megabytes:g} MB, median of {runs}: CPU ms, slowest")
    for name, message in MESSAGES.items():
        text = log(int(megabytes * 1_000_000), message)
        seen = sorted(measure(text) for _ in range(runs))
        print(f"  {name:12} {seen[len(seen) // 2]:5.0f} {seen[-1]:5.0f}")


def measure(text: str) -> float:
    """Explain the log in a new process, and return the CPU time in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", EXPLAIN],
        input=text,
        text=True,
        capture_output=True,
        check=True,
    )
    return float(done.stdout) * 1000


if __name__ == "__main__":
    main()
