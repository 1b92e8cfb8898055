/* Functions that the kernel calls back: for each element of a map (5.13), and so many times (5.17).
 * The loader tells the kernel where they begin (func_info), or it would not let their addresses be
 * taken.
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
	return 0;	/* 1 would end the loop */
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
