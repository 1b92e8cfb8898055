/* A function's beginning and end through a trampoline: no breakpoint, typed arguments, and at the end
 * arguments and result side by side. A kretprobe is the older way to see a result: the arguments are
 * gone by then.
 *
 * fentry and fexit look at do_sys_openat2(dfd, filename, how); the sleepable program ("fentry.s") may
 * wait for a page of user memory, which is why copy_from_user is lent to it alone. Since only some
 * functions are fit for that, it is optional.
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
	int result = ctx[3];	/* behind the three arguments; an int in some kernels, a long in others */

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
