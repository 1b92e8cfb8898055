/* Make the function static.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

static __noinline int global(void *memory)
{
	return memory ? 1 : 0;
}

SEC("tc")
int global_function(struct __sk_buff *skb)
{
	u64 number = 0;

	return global(&number);
}
