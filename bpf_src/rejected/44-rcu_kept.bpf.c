/* An RCU read section is never left.
 *
 * As long as it lasts, the kernel cannot free what others have removed. The verifier counts:
 * each bpf_rcu_read_lock needs its bpf_rcu_read_unlock before the program ends.
 *
 * rawbpf: rule RB-V039
 * rawbpf: kernel 6.2
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("tc")
int rcu_kept(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return 0;
}
