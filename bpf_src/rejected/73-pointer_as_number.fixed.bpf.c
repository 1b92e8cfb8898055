/* Pass a number, such as a field of the context.
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
	return odd(skb->len);
}
