/* Trace entry and exit of a function through a trampoline (fentry, fexit). It needs no breakpoint, the
 * arguments are typed, and at the exit both arguments and return value are available. A kretprobe, the
 * older method, cannot read the arguments any more.
 *
 * fentry and fexit trace do_sys_openat2(dfd, filename, how). The sleepable program ("fentry.s") can
 * wait for a page of user memory, so only it may call bpf_copy_from_user. It is optional, because only
 * some functions allow sleepable programs.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/args.h>

LICENSE("GPL");

const volatile u32 target_pid = 0;
u64 entered = 0, failed = 0, succeeded = 0, returned = 0;
u32 last_mode = 0;
char first_bytes[16];

static _Bool ours(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target_pid;
}

SEC("fentry/do_sys_openat2")
int enter(u64 *ctx)
{
	struct open_how *how = (void *)ctx[2];

	if (ours()) {
		__sync_fetch_and_add(&entered, 1);
		last_mode = how->mode;
	}
	return 0;
}

SEC("fexit/do_sys_openat2")
int leave(u64 *ctx)
{
	int result = ctx[3];	/* follows the three arguments; an int or a long, depending on the kernel */

	if (ours())
		__sync_fetch_and_add(result < 0 ? &failed : &succeeded, 1);
	return 0;
}

SEC("kretprobe/do_sys_openat2")
int leave_the_older_way(struct pt_regs *ctx)
{
	if (ours() && (int)RESULT(ctx) >= 0)
		__sync_fetch_and_add(&returned, 1);
	return 0;
}

SEC("?fentry.s/do_sys_openat2")
int enter_sleepable(u64 *ctx)
{
	if (ours())
		bpf_copy_from_user(first_bytes, sizeof(first_bytes), (const void *)ctx[1]);
	return 0;
}
