/* Do without it: a classifier sees only the packets of a connection.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

SEC("tc")
int kfunc_not_allowed(struct __sk_buff *skb)
{
	return 0;
}
