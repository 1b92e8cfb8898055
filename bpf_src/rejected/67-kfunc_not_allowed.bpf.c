/* A call to a kernel function that this program type may not call.
 *
 * The kernel offers its functions in sets, each for certain program types. This function is for
 * congestion control, which is implemented as a struct_ops program. Look at the section: no set
 * offers the function to a classifier.
 *
 * rawbpf: rule RB-V055
 * rawbpf: kernel 5.13
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked) __ksym;

SEC("tc")
int kfunc_not_allowed(struct __sk_buff *skb)
{
	tcp_reno_cong_avoid(0, 0, 0);
	return 0;
}
