"""Read records of getppid(2) calls with bcc: `python3 with_bcc.py perf|ring count|line PID`."""

import json
import signal
import sys

from bcc import BPF

kind, output, pid = sys.argv[1], sys.argv[2] == "line", int(sys.argv[3])
TEXT = """
struct event { u64 ktime_ns; u32 cpu, pid, tid, pad; char comm[16]; };
BPF_PERF_OUTPUT(perf);
BPF_RINGBUF_OUTPUT(ring, 128);
BPF_ARRAY(lost, u64, 1);
int send(void *ctx)
{
    struct event event = {};
    u64 id = bpf_get_current_pid_tgid();
    if (id >> 32 != PID)
        return 0;
    event.ktime_ns = bpf_ktime_get_ns();
    event.cpu = bpf_get_smp_processor_id();
    event.pid = id >> 32;
    event.tid = id;
    bpf_get_current_comm(event.comm, sizeof(event.comm));
    if (SEND)
        lost.increment(0);
    return 0;
}
"""
SEND = {
    "perf": "perf.perf_submit(ctx, &event, sizeof(event))",
    "ring": "ring.ringbuf_output(&event, sizeof(event), 0)",
}
program = BPF(text=TEXT.replace("PID", str(pid), 1).replace("SEND", SEND[kind]))
program.attach_kprobe(event="__x64_sys_getppid", fn_name="send")
delivered = 0


def on_event(*arguments):
    global delivered
    delivered += 1
    if output:
        event = program[kind].event(arguments[1])
        comm = event.comm.decode(errors="replace")
        at = event.ktime_ns
        print(
            f"{at // 10**9}.{at % 10**9:09d} info {event.cpu} {event.pid} {event.tid} {comm} kprobe triggered!"
        )


if kind == "perf":
    program["perf"].open_perf_buffer(on_event, page_cnt=64)
else:
    program["ring"].open_ring_buffer(on_event)
running = True


def stop(*_):
    """Note the signal: an exception raised in a ctypes callback would be swallowed."""
    global running
    running = False


signal.signal(signal.SIGINT, stop)
print("attached", file=sys.stderr, flush=True)
poll = program.perf_buffer_poll if kind == "perf" else program.ring_buffer_poll
while running:
    poll()
sys.stdout.flush()
lost = program["lost"][0].value
print(json.dumps({"delivered": delivered, "lost": lost}), file=sys.stderr)
