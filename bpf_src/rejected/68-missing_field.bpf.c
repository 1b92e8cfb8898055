/* A read of a field that does not exist in this kernel.
 *
 * The loader looks up each field in the kernel's types. If a field does not exist, the loader
 * replaces the instruction with one that the verifier rejects. That is harmless if the program
 * first checks core_field_exists, because the verifier then sees that it never reaches the
 * instruction. Look for this check.
 *
 * rawbpf: rule RB-V019
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

	return task->never_there;
}
