/* Declare a kernel function with two prototypes, and call the one that this kernel has.
 *
 * The part of a name after three underscores is its flavour, which the loader ignores when it looks
 * for the function. A flavour whose prototype differs from the kernel's resolves to 0.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct task_struct *bpf_task_acquire___task(struct task_struct *task) __ksym __weak;
struct task_struct *bpf_task_acquire___pid(u32 pid) __ksym __weak;
void bpf_task_release(struct task_struct *task) __ksym __weak;

u32 by_task = 0, by_pid = 0;

SEC("tp_btf/task_newtask")
int note(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	if (bpf_task_acquire___task) {
		struct task_struct *ours = bpf_task_acquire___task(task);

		__sync_fetch_and_add(&by_task, 1);
		if (ours)
			bpf_task_release(ours);
	} else if (bpf_task_acquire___pid) {
		__sync_fetch_and_add(&by_pid, 1);
	}
	return 0;
}
