/* Measure how long system calls take. The start time is kept in a hash until the call returns.
 *
 * "ksyscall/getppid" is resolved by the loader, because the function has a different name on each
 * architecture (__x64_sys_getppid). Where the kernel wraps system calls, its only argument is a
 * pointer to the registers of user space. LINUX_HAS_SYSCALL_WRAPPER tells the program whether it does.
 * This is not an option of the kernel; the loader sets it.
 *
 * This file also shows variables that user space sets before loading (.rodata) and reads afterwards
 * (.bss, .data), a static function, which is verified with each caller, and a global function, which
 * is verified on its own.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;

const volatile u32 target_pid = 0;	/* 0: all processes */
const volatile char label[8] = "getppid";
u64 longest_ns = 0;			/* .bss */
u64 shortest_ns = ~0ULL;		/* .data */
u32 wrapped = 0;

struct call {
	u64 begun_ns;
	u32 pid;
	u32 tid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static __noinline void note(u64 took)
{
	if (took > longest_ns)
		longest_ns = took;
	if (took < shortest_ns)
		shortest_ns = took;
}

__noinline int is_target(u32 pid)
{
	return !target_pid || pid == target_pid;
}

SEC("ksyscall/getppid")
int begin(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tid = id;
	struct call call = { bpf_ktime_get_ns(), id >> 32, tid };

	wrapped = LINUX_HAS_SYSCALL_WRAPPER;
	if (is_target(id >> 32))
		bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	return 0;
}

SEC("kretsyscall/getppid")
int end(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	u64 one = 1, *count;

	if (!call)
		return 0;	/* it started before this program was attached */
	note(bpf_ktime_get_ns() - call->begun_ns);
	count = bpf_map_lookup_elem(&counts, &call->pid);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &call->pid, &one, BPF_NOEXIST);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
