/* A global function takes an argument that cannot be verified.
 *
 * A static function is verified wherever it is called, with what it is called with. A global one
 * is verified once, by its types alone, so each argument must be a number, the context, or a
 * pointer to something of a known size. Look at the argument: a pointer to nobody knows what.
 *
 * rawbpf: rule RB-V058
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

__noinline int global(void *memory)
{
	return memory ? 1 : 0;
}

SEC("tc")
int global_function(struct __sk_buff *skb)
{
	u64 number = 0;

	return global(&number);
}
