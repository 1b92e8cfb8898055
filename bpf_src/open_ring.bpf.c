/* Report each file that is opened, through one ring for all CPUs.
 *
 * A ring buffer (5.8) keeps events in order across CPUs. The program writes a record in place: it
 * reserves space, fills it and submits it. If the ring is full, bpf_ringbuf_reserve returns NULL. Only
 * the program learns of this, so it counts the lost events in `dropped`.
 *
 * The second program is optional ("?"): it is loaded only on request. Every supported kernel has
 * openat2, which was added in 5.6.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

const volatile u32 target_pid = 0;	/* 0: all processes */
u64 dropped = 0;

struct open_event {
	u64 ktime_ns;
	u32 pid;
	u32 flags;
	char comm[16];
	char path[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

const struct open_event *event_type;	/* otherwise the BTF would not contain this type */

static int send(const char *path, u32 flags)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct open_event *event;

	if (target_pid && pid != target_pid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->ktime_ns = bpf_ktime_get_ns();
	event->pid = pid;
	event->flags = flags;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_user_str(event->path, sizeof(event->path), path);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int open(struct trace_event_raw_sys_enter *ctx)
{
	return send((const char *)ctx->args[1], ctx->args[2]);
}

SEC("?tp/syscalls/sys_enter_openat2")
int open2(struct trace_event_raw_sys_enter *ctx)
{
	return send((const char *)ctx->args[1], 0);
}
