/* A function is handed out to be called back, and its types say that anybody may call it.
 *
 * bpf_loop calls turn ten times, with arguments of the kernel's own. A static function is verified
 * as the callback that it is. A global one is verified by its types alone, as if anybody could
 * call it with anything of these types, and that is no callback. Look at how turn is declared: BTF
 * says the same, and BTF is where the verifier looks.
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
