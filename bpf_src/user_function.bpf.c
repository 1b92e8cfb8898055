/* A probe in user space: report the argument of libc's getenv, and whether it found the variable.
 *
 * The section names the file and the symbol. The loader finds the file offset of the symbol, and the
 * kernel inserts a breakpoint into every process that maps the file.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/args.h>

LICENSE("GPL");

struct getenv_event {
	u32 pid;
	u32 found;
	char name[32];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct getenv_event);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} events SEC(".maps");

SEC("uprobe/libc.so.6:getenv")
int ask(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tid = id;
	struct getenv_event event = { .pid = id >> 32 };

	bpf_probe_read_user_str(event.name, sizeof(event.name), (const void *)ARG1(ctx));
	bpf_map_update_elem(&asked, &tid, &event, BPF_ANY);
	return 0;
}

SEC("uretprobe/libc.so.6:getenv")
int answer(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct getenv_event *event = bpf_map_lookup_elem(&asked, &tid);

	if (!event)
		return 0;
	event->found = RESULT(ctx) != 0;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event));
	bpf_map_delete_elem(&asked, &tid);
	return 0;
}
