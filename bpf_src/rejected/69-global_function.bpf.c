/* A global function has a parameter that cannot be verified.
 *
 * A static function is verified at every call, with the arguments of that call. A global function
 * is verified once, by its types alone, so each parameter must be a number, the context, or a
 * pointer to a type of known size. Look at the parameter: void has no size.
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
