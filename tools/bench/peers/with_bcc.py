"""Read records of getppid(2) calls with bcc: `python3 with_bcc.py perf|ring count|line PID`."""

import json
import signal
import sys

from bcc import BPF  # type: ignore[import-not-found]

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
events = program[kind]
LINE = "%d.%09d info %d %d %d %s kprobe triggered!"


class Reader:
    """Count events and print them. ctypes would ignore an exception that is raised in a callback"""

    delivered = 0
    running = True

    def on_event(self, _first: object, data: object, _size: int) -> None:
        self.delivered += 1
        if output:
            event = events.event(data)
            time = divmod(event.ktime_ns, 10**9)
            comm = event.comm.decode(errors="replace")
            print(LINE % (*time, event.cpu, event.pid, event.tid, comm))

    def stop(self, *_signal: object) -> None:
        self.running = False


reader = Reader()
signal.signal(signal.SIGINT, reader.stop)
if kind == "perf":
    events.open_perf_buffer(reader.on_event, page_cnt=64)
else:
    events.open_ring_buffer(reader.on_event)
poll = program.perf_buffer_poll if kind == "perf" else program.ring_buffer_poll
while reader.running:
    poll()
sys.stdout.flush()
report = {"delivered": reader.delivered, "lost": program["lost"][0].value}
print(json.dumps(report), file=sys.stderr)
