/* A call chain that needs seventeen stack frames.
 *
 * A program may have a limited number of frames, including its own: eight before 7.0, sixteen since
 * then. This limits how much stack a call chain can use. Each function that is called takes one.
 * Count the calls.
 *
 * rawbpf: rule RB-V044
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

#define CALLS(name, next) static __noinline int name(int n) { return next(n) + 1; }

static __noinline int sixteen(int n)
{
	return n + bpf_get_prandom_u32();
}

CALLS(fifteen, sixteen)
CALLS(fourteen, fifteen)
CALLS(thirteen, fourteen)
CALLS(twelve, thirteen)
CALLS(eleven, twelve)
CALLS(ten, eleven)
CALLS(nine, ten)
CALLS(eight, nine)
CALLS(seven, eight)
CALLS(six, seven)
CALLS(five, six)
CALLS(four, five)
CALLS(three, four)
CALLS(two, three)
CALLS(one, two)

SEC("tc")
int too_many_frames(struct __sk_buff *skb)
{
	return one(skb->len);
}
