/* Check whether the field exists.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/core.h>

LICENSE("GPL");

struct task_struct___other {
	int never_there;
} CORE;

SEC("tp_btf/sched_process_exit")
int missing_field(u64 *ctx)
{
	struct task_struct___other *task = (void *)ctx[0];

	if (core_field_exists(task->never_there))
		return task->never_there;
	return 0;
}
