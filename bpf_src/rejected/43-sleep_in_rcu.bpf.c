/* A helper that may sleep is called inside an RCU read section.
 *
 * During the section, objects that the program can see are not freed, so it must be short, and
 * sleeping is not allowed. Look at the code between bpf_rcu_read_lock and bpf_rcu_read_unlock.
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
