/* Deny operations: an LSM program can deny what a process is about to do, and an fmod_ret program can
 * replace the return value of a function.
 *
 * For the process denied_pid, mkdir fails with EPERM and rmdir with ENOTEMPTY. LSM programs need
 * CONFIG_BPF_LSM, and the kernel calls them only if /sys/kernel/security/lsm contains "bpf".
 *
 * rawbpf: kernel 5.8, config CONFIG_BPF_LSM
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

enum { EPERM = 1, ENOTEMPTY = 39 };

const volatile u32 denied_pid = 0;
u64 calls = 0, denied = 0;

static _Bool is_denied(void)
{
	return bpf_get_current_pid_tgid() >> 32 == denied_pid;
}

SEC("lsm/path_mkdir")
int deny_mkdir(u64 *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	if (!is_denied())
		return 0;
	__sync_fetch_and_add(&denied, 1);
	return -EPERM;
}

SEC("fmod_ret/security_path_rmdir")
int deny_rmdir(u64 *ctx)
{
	return is_denied() ? -ENOTEMPTY : 0;	/* a value other than 0 skips the function */
}
