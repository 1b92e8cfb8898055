; Send {u64 ktime_ns; u64 pid_tgid; char comm[16]}, 32 bytes, to the ring of this CPU at each call.
.map events, perf_event_array, key=u32, value=u32, entries=0
.license "GPL"

.program sample, "kprobe/do_sys_openat2"
    r6 = r1
    call ktime_get_ns
    *(u64 *)(r10 - 32) = r0
    call get_current_pid_tgid
    *(u64 *)(r10 - 24) = r0
    r1 = r10
    r1 += -16
    r2 = 16
    call get_current_comm
    r1 = r6
    r2 = events ll
    r3 = 0xffffffff ll
    r4 = r10
    r4 += -32
    r5 = 32
    call perf_event_output
    r0 = 0
    exit
