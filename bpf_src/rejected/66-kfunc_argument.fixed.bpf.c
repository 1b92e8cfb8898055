/* Acquire the task first.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

SEC("tp_btf/task_newtask")
int kfunc_argument(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}
