/* Read the kernel's structs, although their layout differs between kernels.
 *
 * Two programs run at each fork: one at the raw tracepoint, and one at the same tracepoint with typed
 * arguments (tp_btf). The second reads fields of task_struct through CO-RE:
 *   - a path through pointers: task->real_parent->tgid
 *   - a bitfield: task->in_execve is one bit of a word, and its position differs
 *   - a renamed field: task->state became __state in 5.14. The old name is declared in a *flavour*, a
 *     second type whose name is that of the first plus ___ and a suffix
 *   - a type, an enumerator and a field that may not exist
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/core.h>

LICENSE("GPL");

struct task_struct___before_5_14 {
	volatile long state;
} CORE;

struct task_struct___now {
	unsigned int __state;
} CORE;

struct rawbpf_never_was {
	int nothing;
} CORE;

enum bpf_map_type___later {
	BPF_MAP_TYPE_ARENA___later = 0,
};

struct fork {
	u32 parent;
	u32 child;
	u32 grandparent;
	u32 state;
	u8 in_execve;
	u8 has_arena;
	u8 has_never;
	u8 renamed;
	u32 task_size;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct fork);
} forks SEC(".maps");

u64 raw_forks = 0;
u32 kernel_type = 0;

static u32 state_of(struct task_struct *task)
{
	struct task_struct___now *now = (void *)task;

	if (core_field_exists(now->__state))
		return CORE_READ(now, __state);
	return CORE_READ((struct task_struct___before_5_14 *)task, state);
}

SEC("tp_btf/sched_process_fork")
int fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	struct task_struct___now *now = (void *)parent;
	u32 pid = child->pid;	/* the verifier knows the type, so no helper is needed */
	struct fork fork = {
		.parent = parent->tgid,
		.child = child->tgid,
		.grandparent = CORE_READ(parent, real_parent, tgid),
		.state = state_of(parent),
		.in_execve = CORE_READ_BITS(parent, in_execve),
		.has_arena = core_enum_value_exists(enum bpf_map_type___later,
						    BPF_MAP_TYPE_ARENA___later),
		.has_never = core_type_exists(struct rawbpf_never_was),
		.renamed = core_field_exists(now->__state),
		.task_size = core_type_size(struct task_struct),
	};

	kernel_type = core_type_id_kernel(struct task_struct);
	bpf_map_update_elem(&forks, &pid, &fork, BPF_ANY);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int count_forks(void *ctx)
{
	__sync_fetch_and_add(&raw_forks, 1);
	return 0;
}
