/* An RCU read section is never left.
 *
 * During the section, the kernel cannot free objects that were removed. The verifier counts: each
 * bpf_rcu_read_lock needs a bpf_rcu_read_unlock before the program exits.
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
int rcu_not_unlocked(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return 0;
}
