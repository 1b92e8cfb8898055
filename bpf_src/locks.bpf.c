/* Spin locks protect counters that programs on several CPUs update together.
 *
 * The first lock is a global variable in a section of its own. The kernel does not allow a section
 * with a lock to be mapped into memory, so no program in user space can read the section by name. The
 * second lock is part of a value in an inner map.
 *
 * rawbpf: kernel 6.2
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct bpf_spin_lock lock SEC(".data.lock") __attribute__((visibility("hidden"), aligned(8)));
u64 packets, bytes;

struct total {
	struct bpf_spin_lock lock;
	u32 packets;
};

struct totals {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct total);
} first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct totals);
} generations SEC(".maps") = {
	.values = { &first },
};

SEC("tc")
int count(struct __sk_buff *skb)
{
	u32 only = 0;
	void *totals = bpf_map_lookup_elem(&generations, &only);
	struct total *total;

	bpf_spin_lock(&lock);
	packets++;
	bytes += skb->len;
	bpf_spin_unlock(&lock);
	if (!totals)
		return TC_ACT_UNSPEC;
	total = bpf_map_lookup_elem(totals, &only);
	if (!total)
		return TC_ACT_UNSPEC;
	bpf_spin_lock(&total->lock);
	total->packets++;
	bpf_spin_unlock(&total->lock);
	return TC_ACT_UNSPEC;
}
