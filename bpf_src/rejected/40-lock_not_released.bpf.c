/* A lock is still held when the program exits.
 *
 * The lock could never be taken again, and the next CPU that tries would spin forever. The verifier
 * tracks the lock like a reference, and requires that it is released on every path. Look at the
 * path where the counter is large.
 *
 * rawbpf: rule RB-V037
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct counter {
	struct bpf_spin_lock lock;
	u32 hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counter);
} counters SEC(".maps");

SEC("tc")
int lock_not_released(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);

	if (!counter)
		return 0;
	bpf_spin_lock(&counter->lock);
	if (counter->hits > 1000)
		return 1;
	counter->hits++;
	bpf_spin_unlock(&counter->lock);
	return 0;
}
