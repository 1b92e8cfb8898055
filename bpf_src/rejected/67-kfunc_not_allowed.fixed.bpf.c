/* Call what it does get.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked) __ksym;

SEC("tc")
int kfunc_not_allowed(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
