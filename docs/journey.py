"""Print every system call that a short `rawbpf kprobe` run makes, as shown in docs/session.md.

    rawbpf guest -- python docs/journey.py

`rawbpf narrate -- kprobe do_sys_openat2` also explains why each call is made and how long it took.
"""

import itertools

import rawbpf
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.tell.line import format_call


def shorten(lines: list[str]) -> list[str]:
    """Return the first call of each run of calls that differ only in key and value."""
    short = []
    for _, group in itertools.groupby(lines, key=lambda line: line.partition("key=")[0]):
        first, *others = group
        short.append(first)
        if others and "key=" in first:
            short.append(f"    ... and {len(others)} more of these")
        else:
            short += others
    return short


def main() -> None:
    """Record a half-second run of `rawbpf kprobe`."""
    with recorded() as calls, rawbpf.Kprobe("do_sys_openat2") as probe:
        attached = len(calls)
        for _batch in probe.batches(0.5):
            pass
        summary = probe.ledger.summary()
        detached = len(calls)
    lines = list(map(format_call, calls))
    lines.insert(detached, f"--- {summary}")
    lines.insert(attached, "--- attached")
    print("\n".join(shorten(lines)))


if __name__ == "__main__":
    main()
