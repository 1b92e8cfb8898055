/* Leave it.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("lsm.s/bprm_committed_creds")
int rcu_kept(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
