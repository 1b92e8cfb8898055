"""Read records of getppid(2) calls with rawbpf: `with_rawbpf.py OBJECT perf|ring count|line PID`.

The perf rings are read with `rawbpf.Kprobe` and the program from lesson 01, and the ring buffer is
read with `rawbpf.open` and the object that the libbpf peer loads."""

import json
import signal
import sys
from typing import Any

import rawbpf

path, kind, output, pid = sys.argv[1], sys.argv[2], sys.argv[3] == "line", int(sys.argv[4])


LINE = "%d.%09d info %d %d %d %s kprobe triggered!\n"


def lines(batch: Any) -> str:  # noqa: ANN401 -- a batch of any type of event
    """Format a batch as text, with the fields of all events in one operation."""
    times = batch["ktime_ns"]
    names = [name.partition(b"\0")[0].decode(errors="replace") for name in batch["comm"]]
    fields = zip(
        (time // 10**9 for time in times),
        (time % 10**9 for time in times),
        batch["cpu"],
        batch["pid"],
        batch["tid"],
        names,
        strict=True,
    )
    return (LINE * len(batch)) % tuple(item for event in fields for item in event)


def read_perf() -> None:
    with rawbpf.Kprobe("__x64_sys_getppid", pid=pid) as probe:
        signal.signal(signal.SIGINT, lambda *_: probe.stop())
        signal.set_wakeup_fd(probe.session.wake_fd)
        for batch in probe.batches():
            if output:
                sys.stdout.write(lines(batch))
        ledger = probe.ledger
    print(json.dumps({"delivered": ledger.delivered, "lost": ledger.total_lost}), file=sys.stderr)


def read_ring() -> None:
    with rawbpf.open(path) as obj:
        obj.keep(["send_ring"])
        obj.rodata["target_pid"] = pid
        obj.load()
        events = obj.events("ring", "event")
        signal.signal(signal.SIGINT, lambda *_: events.stop())
        signal.set_wakeup_fd(events.session.wake_fd)
        obj.attach()
        delivered = 0
        for batch in events.batches():
            delivered += len(batch)
            if output:
                sys.stdout.write(lines(batch))
        lost = obj.bss["lost"]
    print(json.dumps({"delivered": delivered, "lost": lost}), file=sys.stderr)


read_perf() if kind == "perf" else read_ring()
