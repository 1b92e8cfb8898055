/* The first program, in C: send "kprobe triggered!" each time the function is called.
 *
 * It sends the same records as hello_kprobe.bpf.s. A program cannot print. Instead, it sends a record
 * to the ring of its CPU. It counts the result of each send by errno, because only the program learns
 * that a ring is full.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("Dual MIT/GPL");

#define TEXT "kprobe triggered!"
enum { INFO = 3, LARGEST = 127 };

struct log_record {
	u32 length;	/* without the padding that the ring adds */
	u8 level;
	u8 arg_count;
	u16 text_length;
	u64 ktime_ns;
	u64 tid_pid;
	u32 cpu;
	u32 reserved;
	char comm[16];
	char text[24];	/* TEXT, padded to eight bytes */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, u32);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LARGEST + 1);
	__type(key, u32);
	__type(value, u64);
} outcomes SEC(".maps");

SEC("kprobe/do_sys_openat2")
int hello_kprobe(struct pt_regs *ctx)
{
	struct log_record record = {
		.length = __builtin_offsetof(struct log_record, text) + sizeof(TEXT) - 1,
		.level = INFO,
		.text_length = sizeof(TEXT) - 1,
		.ktime_ns = bpf_ktime_get_ns(),
		.tid_pid = bpf_get_current_pid_tgid(),
		.cpu = bpf_get_smp_processor_id(),
		.text = TEXT,
	};
	bpf_get_current_comm(record.comm, sizeof(record.comm));

	long answer = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &record, sizeof(record));
	u32 outcome = -answer > LARGEST ? LARGEST : -answer;	/* 0: success */
	u64 *count = bpf_map_lookup_elem(&outcomes, &outcome);
	if (count)
		++*count;	/* per CPU; kprobe programs do not interrupt each other */
	return 0;
}
