/* Ten programs of the size of a tool such as opensnoop. They trace entry and exit of five system calls,
 * each with a filter, a map between the two, CO-RE reads of the task and its parent, and an event.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/core.h>

LICENSE("GPL");

const volatile u32 target_tgid = 0;
const volatile u32 target_uid = -1;
const volatile bool only_failed = false;

struct call {
	u64 argument;
	u64 begun;
};

struct event {
	u64 ktime_ns, took_ns;
	u32 pid, ppid, uid, namespace;
	s64 result;
	char comm[16], parent[16], name[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} events SEC(".maps");

static __attribute__((always_inline)) int enter(u64 argument)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tid = id;
	struct call call = {};

	if (target_tgid && target_tgid != id >> 32)
		return 0;
	if (target_uid != (u32)-1 && target_uid != (u32)bpf_get_current_uid_gid())
		return 0;
	call.argument = argument;
	call.begun = bpf_ktime_get_ns();
	bpf_map_update_elem(&calls, &tid, &call, 0);
	return 0;
}

static __attribute__((always_inline)) int leave(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *parent;
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct event event = {};

	if (!call)
		return 0;
	if (only_failed && ctx->ret >= 0)
		goto out;
	parent = CORE_READ(task, real_parent);
	event.ktime_ns = bpf_ktime_get_ns();
	event.took_ns = event.ktime_ns - call->begun;
	event.pid = CORE_READ(task, tgid);
	event.ppid = CORE_READ(parent, tgid);
	event.uid = CORE_READ(task, cred, uid.val);
	event.namespace = CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	event.result = ctx->ret;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	CORE_READ_STR(event.parent, parent, comm);
	bpf_probe_read_user_str(event.name, sizeof(event.name), (void *)call->argument);
	bpf_perf_event_output(ctx, &events, 0xffffffff, &event, sizeof(event));
out:
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

#define PAIR(call, index)                                                                          \
	SEC("tracepoint/syscalls/sys_enter_" #call)                                                \
	int enter_##call(struct trace_event_raw_sys_enter *ctx) { return enter(ctx->args[index]); } \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int exit_##call(struct trace_event_raw_sys_exit *ctx) { return leave(ctx); }

PAIR(openat, 1)
PAIR(unlinkat, 1)
PAIR(mkdirat, 1)
PAIR(fchmodat, 1)
PAIR(execve, 0)
