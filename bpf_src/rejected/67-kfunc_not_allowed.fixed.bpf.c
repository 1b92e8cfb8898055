/* Do without it: what a classifier gets of a connection is its packets.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

SEC("tc")
int kfunc_not_allowed(struct __sk_buff *skb)
{
	return 0;
}
