/* Attach one program to many functions. kprobe.multi takes a pattern and needs only one link, while
 * kprobes need a perf event each. The program gets the address of the function with bpf_get_func_ip.
 *
 * rawbpf: kernel 5.18, config CONFIG_FPROBE
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u64);
	__type(value, u64);
} hits SEC(".maps");

u64 returns = 0;

SEC("kprobe.multi/vfs_*stat*")
int enter(struct pt_regs *ctx)
{
	u64 function = bpf_get_func_ip(ctx), one = 1, *count;

	count = bpf_map_lookup_elem(&hits, &function);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&hits, &function, &one, BPF_NOEXIST);
	return 0;
}

SEC("kretprobe.multi/vfs_*stat*")
int leave(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&returns, 1);
	return 0;
}
