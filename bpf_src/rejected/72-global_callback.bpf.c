/* A callback is declared as a global function.
 *
 * bpf_loop calls turn ten times, with its own arguments. The verifier checks a static function as
 * the callback that it is. It checks a global function by its types alone, as if it could be called
 * with any arguments of these types, so a global function cannot be a callback. Look at how turn is
 * declared: BTF contains the same declaration, and the verifier uses BTF.
 *
 * rawbpf: rule RB-V020
 * rawbpf: kernel 5.17
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

u64 sum;

long turn(u64 index, u64 unused)
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
