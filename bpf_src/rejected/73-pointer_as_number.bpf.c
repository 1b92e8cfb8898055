/* A pointer is passed where a number is expected.
 *
 * The cast silences the compiler, but not the verifier: the register still holds the context
 * pointer. A global function is verified by its types, and these say that odd works with a number,
 * which it could leak. Look at the cast.
 *
 * rawbpf: rule RB-V071
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

__noinline int odd(long number)
{
	return number & 1;
}

SEC("tc")
int pointer_as_number(struct __sk_buff *skb)
{
	return odd((long)skb);
}
