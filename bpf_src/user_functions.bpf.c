/* Many functions of one library through one link: uprobe.multi takes a pattern, where each uprobe
 * takes a perf event. Which function it was, the program asks.
 *
 * The kernel lets programs at uprobes sleep (".s"), as they run in a process that may wait: such a
 * program can read memory that has to be fetched from disk first.
 *
 * rawbpf: kernel 6.6
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

const volatile u32 target_pid = 0;	/* 0: everybody */
u64 returns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u64);
	__type(value, u64);
} hits SEC(".maps");

static int is_for_us(void)
{
	return !target_pid || bpf_get_current_pid_tgid() >> 32 == target_pid;
}

SEC("uprobe.multi/libc.so.6:get*uid")
int enter(struct pt_regs *ctx)
{
	u64 function = bpf_get_func_ip(ctx), one = 1, *count;

	if (!is_for_us())
		return 0;
	count = bpf_map_lookup_elem(&hits, &function);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&hits, &function, &one, BPF_NOEXIST);
	return 0;
}

SEC("uretprobe.multi.s/libc.so.6:get*uid")
int leave(struct pt_regs *ctx)
{
	if (is_for_us())
		__sync_fetch_and_add(&returns, 1);
	return 0;
}
