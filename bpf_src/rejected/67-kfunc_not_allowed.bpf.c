/* A kernel function is called that programs of this type do not get.
 *
 * Kernel functions are lent in sets, each to some program types. This one is for congestion
 * control, which is written as a struct_ops program. Look at the section: nothing lends
 * it to a classifier.
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
