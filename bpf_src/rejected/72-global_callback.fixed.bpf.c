/* Make the function static.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

u64 sum;

static long turn(u64 index, u64 unused)
{
	sum += index;
	return 0;
}

SEC("tc")
int global_callback(struct __sk_buff *skb)
{
	bpf_loop(10, turn, 0, 0);
	return 0;
}
