/* Attach one program to many functions of a library. uprobe.multi takes a pattern and needs only one
 * link, while uprobes need a perf event each. bpf_get_func_ip returns the address of the function.
 *
 * A program at a uprobe may be sleepable (".s"), because it runs in a process that can wait. It can
 * then read user memory that has to be loaded from disk first.
 *
 * rawbpf: kernel 6.6
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

const volatile u32 target_pid = 0;	/* 0: all processes */
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
