"""Read records of getppid(2) calls with rawbpf: `with_rawbpf.py OBJECT perf|ring count|line PID`.

The perf rings are read with `rawbpf.Kprobe` and the lesson's program, the ring buffer with
`rawbpf.open` and the object that the libbpf peer loads.
"""

import json
import signal
import struct
import sys

import rawbpf

path, kind, output, pid = sys.argv[1], sys.argv[2], sys.argv[3] == "line", int(sys.argv[4])


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_perf():
    with rawbpf.Kprobe("__x64_sys_getppid", pid=pid) as probe:
        signal.signal(signal.SIGINT, lambda *_: probe.stop())
        signal.set_wakeup_fd(probe.session.wake_fd)
        say("attached")
        for batch in probe.batches():
            if output:
                show(batch)
        ledger = probe.ledger
    say(json.dumps({"delivered": ledger.delivered, "lost": ledger.total_lost}))


RECORD = struct.Struct("=QIII4x16s")


def show_ring(batch):
    lines = []
    for record in batch:
        ktime, cpu, pid, tid, comm = RECORD.unpack(record.data)
        name = comm.partition(b"\0")[0].decode(errors="replace")
        lines.append(f"{ktime / 1e9:.9f} info {cpu} {pid} {tid} {name} kprobe triggered!\n")
    sys.stdout.write("".join(lines))


def show(batch):
    sys.stdout.write(
        "".join(
            f"{e.ktime_ns / 1e9:.9f} info {e.cpu} {e.pid} {e.tid} {e.comm} kprobe triggered!\n"
            for e in batch
        )
    )


def read_ring():
    delivered = 0
    with rawbpf.open(path) as obj:
        obj.keep(["send_ring"])
        obj.rodata["target_pid"] = pid
        obj.load()
        events = obj.events("ring")
        signal.signal(signal.SIGINT, lambda *_: events.stop())
        obj.attach()
        say("attached")
        for batch in events.session.batches():
            delivered += len(batch)
            if output:
                show_ring(batch)
        lost = obj.bss["lost"]
    say(json.dumps({"delivered": delivered, "lost": lost}))


read_perf() if kind == "perf" else read_ring()
