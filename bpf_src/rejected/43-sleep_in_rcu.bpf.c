/* A helper that may sleep is called inside of an RCU read section.
 *
 * While the section lasts, nothing that it could see is freed; so it has to be short, and nobody
 * may sleep in it. Look at what is between bpf_rcu_read_lock and bpf_rcu_read_unlock.
 *
 * rawbpf: rule RB-V039
 * rawbpf: kernel 6.2
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("lsm.s/bprm_committed_creds")
int sleep_in_rcu(void *ctx)
{
	u64 value;

	bpf_rcu_read_lock();
	bpf_copy_from_user(&value, sizeof(value), 0);
	bpf_rcu_read_unlock();
	return 0;
}
