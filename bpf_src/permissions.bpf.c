/* Programs that decide: a BPF LSM hook may refuse what the process was about to do, and fmod_ret may
 * replace what a function returns.
 *
 * The process denied_pid cannot mkdir (EPERM), nor rmdir (ENOTEMPTY, whatever is in there). LSM hooks
 * need CONFIG_BPF_LSM; and the kernel asks them only if "bpf" is in /sys/kernel/security/lsm.
 *
 * rawbpf: kernel 5.8, config CONFIG_BPF_LSM
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

enum { EPERM = 1, ENOTEMPTY = 39 };

const volatile u32 denied_pid = 0;
u64 asked = 0, refused = 0;

static _Bool is_denied(void)
{
	return bpf_get_current_pid_tgid() >> 32 == denied_pid;
}

SEC("lsm/path_mkdir")
int deny_mkdir(u64 *ctx)
{
	__sync_fetch_and_add(&asked, 1);
	if (!is_denied())
		return 0;
	__sync_fetch_and_add(&refused, 1);
	return -EPERM;
}

SEC("fmod_ret/security_path_rmdir")
int deny_rmdir(u64 *ctx)
{
	return is_denied() ? -ENOTEMPTY : 0;	/* anything but 0 replaces the call */
}
