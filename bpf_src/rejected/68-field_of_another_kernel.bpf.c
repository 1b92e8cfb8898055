/* A field is read that this kernel's structure does not have.
 *
 * The loader looks each field up in the kernel's types. Where there is none, it cannot put an
 * offset into the instruction and puts something there that no verifier takes. That is fine as
 * long as the program asks first, by core_field_exists, and the verifier sees that it never
 * comes there. Look for the question.
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
int field_of_another_kernel(u64 *ctx)
{
	struct task_struct___other *task = (void *)ctx[0];

	return task->never_there;
}
