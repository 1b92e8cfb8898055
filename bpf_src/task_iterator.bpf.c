/* An iterator: the kernel calls the program for each of its tasks. User space reads what the program
 * writes from a file descriptor, like a file in /proc.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct task_row {
	u32 pid;
	u32 tgid;
	char comm[16];
};

u64 seen = 0;

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_row row = {};

	if (!task)
		return 0;	/* called once more after the last task */
	seen++;
	row.pid = task->pid;
	row.tgid = task->tgid;
	bpf_probe_read_kernel_str(row.comm, sizeof(row.comm), task->comm);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}
