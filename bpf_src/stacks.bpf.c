/* Sample what runs on each CPU. A perf event fires on each CPU at a fixed rate. The program stores the
 * kernel's call chain in a stack map, which returns the same ID for equal chains, and counts each ID
 * in a hash.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

enum { DEEPEST = 32 };

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, sizeof(u32));
	__uint(value_size, DEEPEST * sizeof(u64));
} chains SEC(".maps");

struct place {
	u32 pid;
	s32 chain;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct place);
	__type(value, u64);
} samples SEC(".maps");

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct place key = {
		.pid = bpf_get_current_pid_tgid() >> 32,
		.chain = bpf_get_stackid(ctx, &chains, 0),	/* negative: an error */
	};
	u64 one = 1, *count = bpf_map_lookup_elem(&samples, &key);

	if (count)
		++*count;
	else
		bpf_map_update_elem(&samples, &key, &one, BPF_ANY);
	return 0;
}
