/* Send one record for each call of getppid(2), through a perf ring or a ring buffer.
 *
 * Losses are counted per CPU, because a ring buffer does not report them.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 target_pid = 0;
__u64 lost = 0;

struct event {
	__u64 ktime_ns;
	__u32 cpu, pid, tid, pad;
	char comm[16];
};

const struct event *event_type;	/* so that BTF contains the type */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} ring SEC(".maps");

static int fill(struct event *event)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (id >> 32 != target_pid)
		return 0;
	event->ktime_ns = bpf_ktime_get_ns();
	event->cpu = bpf_get_smp_processor_id();
	event->pid = id >> 32;
	event->tid = id;
	event->pad = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	return 1;
}

SEC("kprobe/__x64_sys_getppid")
int send_perf(void *ctx)
{
	struct event event;

	if (fill(&event) && bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &event, sizeof(event)))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

SEC("kprobe/__x64_sys_getppid")
int send_ring(void *ctx)
{
	struct event event;

	if (fill(&event) && bpf_ringbuf_output(&ring, &event, sizeof(event), 0))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}
