/* A kernel function receives a pointer that the program does not own.
 *
 * bpf_task_release releases a task that the program acquired with bpf_task_acquire. The program
 * does not own the current task, so it cannot release it. The verifier compares each argument with
 * the function's BTF types. Look at where task comes from.
 *
 * rawbpf: kernel 6.2
 * rawbpf: rule RB-V018
 * rawbpf: rule RB-V055 until 7.0
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

	bpf_task_release(task);
	return 0;
}
