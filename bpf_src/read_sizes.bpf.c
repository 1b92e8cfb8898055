/* Show how large the results of read() are, which function of which file system read them, and how
 * the kernel got there.
 *
 * `rawbpf run read_sizes.bpf.o --hist sizes` prints a histogram: slot log2(n) counts reads of n
 * bytes. The keys of `readers` are addresses of functions, and the values of `chains` are call chains;
 * rawbpf prints the names of the functions.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/core.h>
#include <rawbpf/args.h>

LICENSE("GPL");

enum { DEEPEST = 32, SLOTS = 32 };

const volatile u32 target_pid = 0;	/* 0: all processes */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u64);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 256);
	__type(key, void *);
	__type(value, u64);
} readers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, sizeof(u32));
	__uint(value_size, DEEPEST * sizeof(u64));
} chains SEC(".maps");

static int wanted(void)
{
	return !target_pid || target_pid == bpf_get_current_pid_tgid() >> 32;
}

SEC("kprobe/vfs_read")
int enter(struct pt_regs *regs)
{
	struct file *file = (void *)ARG1(regs);
	void *reader = CORE_READ(file, f_op, read_iter);
	u64 one = 1, *count;

	if (!wanted())
		return 0;
	bpf_get_stackid(regs, &chains, 0);
	if (!reader)
		reader = CORE_READ(file, f_op, read);
	count = bpf_map_lookup_elem(&readers, &reader);
	if (count)
		++*count;
	else
		bpf_map_update_elem(&readers, &reader, &one, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *regs)
{
	s64 size = RESULT(regs);
	u32 slot = 0;
	u64 *count;

	if (!wanted() || size < 0)
		return 0;
	for (u32 i = 0; i < SLOTS - 1; i++)	/* log2 */
		slot += (size >>= 1) > 0;
	count = bpf_map_lookup_elem(&sizes, &slot);
	if (count)
		++*count;
	return 0;
}
