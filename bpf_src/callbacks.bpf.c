/* Callbacks: functions that a helper calls for each element of a map (5.13) or a number of times
 * (5.17). The loader passes the start of each function to the kernel (func_info). Without func_info,
 * the verifier does not allow taking the address of a function.
 *
 * rawbpf: kernel 5.17
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} squares SEC(".maps");

u64 total = 0;

static long fill(u32 index, void *context)
{
	u64 square = index * index;

	bpf_map_update_elem(&squares, &index, &square, BPF_ANY);
	return 0;	/* 1 would stop the loop */
}

static long add(void *map, const u32 *key, u64 *value, u64 *sum)
{
	*sum += *value;
	return 0;
}

SEC("tc")
int sum_of_squares(struct __sk_buff *skb)
{
	u64 sum = 0;

	bpf_loop(8, fill, 0, 0);
	bpf_for_each_map_elem(&squares, add, &sum, 0);
	total = sum;
	return 0;
}
