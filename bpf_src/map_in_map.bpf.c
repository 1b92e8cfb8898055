/* A map of maps lets user space replace a whole table at once. A pinned map stays when its process
 * exits, so the next process that loads this file continues with the same counts.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct table);
} tables SEC(".maps") = {
	.values = { &even, &odd },
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, PIN_BY_NAME);
	__type(key, u32);
	__type(value, u64);
} rawbpf_runs SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
	u32 which = skb->len & 1, slot = skb->len >> 1 & 3, only = 0;
	void *table = bpf_map_lookup_elem(&tables, &which);
	u64 *runs = bpf_map_lookup_elem(&rawbpf_runs, &only), *count;

	if (runs)
		__sync_fetch_and_add(runs, 1);
	if (!table)
		return TC_ACT_UNSPEC;
	count = bpf_map_lookup_elem(table, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	return TC_ACT_UNSPEC;
}
