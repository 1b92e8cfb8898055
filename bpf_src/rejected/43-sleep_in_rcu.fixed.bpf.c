/* Sleep outside the section.
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

	bpf_copy_from_user(&value, sizeof(value), 0);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
