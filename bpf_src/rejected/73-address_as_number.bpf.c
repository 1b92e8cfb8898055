/* An address is passed where a number belongs.
 *
 * The cast quiets the compiler, not the verifier: to it the register holds the context, whatever C
 * calls it. A global function is verified by its types, and by these odd works with a number,
 * which it might well give away. Look at what is cast.
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
int address_as_number(struct __sk_buff *skb)
{
	return odd((long)skb);
}
