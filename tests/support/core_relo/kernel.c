/* Relocations for real kernels: structs that changed between 5.10 and 7.2, as in an old header. */
#include "questions.h"

struct pid {
	int level;
} CORE;

struct task_struct {
	int pid, tgid;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	u64 start_time, utime;
	u8 comm[16];
	u32 in_execve : 1, sched_reset_on_fork : 1;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct thread_struct {
		u64 sp;
	} thread;
} CORE;

struct task_struct___old {
	long state;
} CORE;

struct task_struct___new {
	u32 __state;
} CORE;

struct page {
	u64 flags;
	u64 index;
} CORE;

struct sock_common {
	u32 skc_daddr;
	u16 skc_dport, skc_num, skc_family;
	u8 skc_state;
	u8 skc_reuse : 4, skc_reuseport : 1, skc_ipv6only : 1, skc_net_refcnt : 1;
} CORE;

struct sock {
	struct sock_common __sk_common;
	u32 sk_rcvbuf;
	u16 sk_type, sk_protocol;
} CORE;

struct request {
	u32 cmd_flags, __data_len;
	u64 __sector;
	struct gendisk *rq_disk;
} CORE;

struct file {
	u32 f_flags;
	s64 f_pos;
	struct path {
		struct dentry *dentry;
	} f_path;
} CORE;

struct qstr {
	u32 hash, len;
	const u8 *name;
} CORE;

struct dentry {
	struct qstr d_name;
	u8 d_iname[32];
} CORE;

enum bpf_map_type { BPF_MAP_TYPE_HASH = 77, BPF_MAP_TYPE_RINGBUF = 78, BPF_MAP_TYPE_ARENA = 79 };
enum bpf_func_id___any { BPF_FUNC_loop___any = 1, BPF_FUNC_get_attach_cookie___any = 2 };
enum cpu_usage_stat { CPUTIME_USER = 9, CPUTIME_IDLE = 10 };

SEC("socket")
int tasks(struct task_struct *t)
{
	ASK_ALL(t->pid), ASK_ALL(t->start_time), ASK_ALL(t->in_execve), ASK_ALL(t->sched_reset_on_fork);
	ASK_PLAIN(t->comm), ASK_PLAIN(t->thread.sp), ASK_PLAIN(t->real_parent->real_parent);
	answer = t->real_parent->tgid;
	answer = (u64)t->mm;
	answer = t->comm[3];
	answer = t->thread_pid->level;
	ASK_TYPE(struct task_struct), ASK_ID(struct task_struct), ASK_MATCH(struct pid);
	return 0;
}

SEC("socket")
int states(struct task_struct___old *old)
{
	struct task_struct___new *now = (void *)old;

	if (__builtin_preserve_field_info(now->__state, 2))
		answer = now->__state;
	else
		answer = old->state;
	return 0;
}

SEC("socket")
int sockets(struct sock *sk)
{
	ASK_ALL(sk->__sk_common.skc_reuseport), ASK_ALL(sk->__sk_common.skc_family);
	answer = sk->__sk_common.skc_daddr;
	answer = sk->__sk_common.skc_dport;
	answer = sk->__sk_common.skc_state;
	answer = sk->sk_rcvbuf;
	ASK_ALL(sk->sk_type), ASK_ALL(sk->sk_protocol);
	return 0;
}

SEC("socket")
int files(struct file *file)
{
	answer = file->f_flags;
	answer = (u64)file->f_path.dentry;
	answer = file->f_path.dentry->d_name.len;
	answer = (u64)file->f_path.dentry->d_name.name;
	ASK_PLAIN(file->f_path.dentry->d_iname), ASK_ALL(file->f_pos);
	return 0;
}

SEC("socket")
int pages(struct page *page)
{
	ASK(page->flags, 2), ASK(page->index, 2), ASK_TYPE(struct page);
	return 0;
}

SEC("socket")
int requests(struct request *request)
{
	ASK(request->rq_disk, 2), ASK_PLAIN(request->__sector), ASK_ALL(request->cmd_flags);
	if (__builtin_preserve_field_info(request->rq_disk, 2))
		answer = (u64)request->rq_disk;
	return 0;
}

SEC("socket")
int numbers(void *ctx)
{
	ASK_VALUE(enum bpf_map_type, BPF_MAP_TYPE_HASH);
	ASK_VALUE(enum bpf_map_type, BPF_MAP_TYPE_RINGBUF);
	ASK_VALUE(enum bpf_map_type, BPF_MAP_TYPE_ARENA);
	ASK_VALUE(enum bpf_func_id___any, BPF_FUNC_loop___any);
	ASK_VALUE(enum bpf_func_id___any, BPF_FUNC_get_attach_cookie___any);
	ASK_VALUE(enum cpu_usage_stat, CPUTIME_IDLE);
	return 0;
}
