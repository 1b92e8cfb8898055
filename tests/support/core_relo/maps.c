/* What an object can contain apart from types: maps, variables, externs, functions. */
#include "questions.h"

#define __uint(name, val) int (*name)[val]
#define __type(name, val) val *name
#define __array(name, val) typeof(val) *name[]

struct inner {
	__uint(type, 2);
	__uint(max_entries, 5);
	__type(key, u32);
	__type(value, u64);
} one SEC(".maps");

struct {
	__uint(type, 12);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [2] = &one } };

int to(void *ctx);

struct {
	__uint(type, 3);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [1] = &to } };

struct event {
	u32 pid, bits : 3;
	u8 comm[16];
	enum { LOW = -1, HIGH = 7 } level;
	union {
		u64 a;
		u32 b[2];
	};
};

const volatile struct event model = { .pid = 5, .comm = "text" };
const volatile u32 limit = 3;
u64 counts[4] = { 1, 2 };
struct event last;

extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern const int typed __attribute__((section(".ksyms"), weak));
extern void function(u32 x) __attribute__((section(".ksyms"), weak));

static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*loop)(u32 n, void *function, void *context, u64 flags) = (void *)181;

static long step(u32 index, void *context)
{
	counts[index & 3]++;
	return 0;
}

static __attribute__((noinline)) u64 helper(u64 x)
{
	return x * counts[x & 3];
}

SEC("socket")
int to(void *ctx)
{
	return helper(limit) + (u64)lookup(&outer, &last.pid);
}

SEC("?tp_btf/sched_switch")
int from(void *ctx)
{
	loop(4, step, 0, 0);
	if (function)
		function(model.pid);
	return helper(2) + LINUX_KERNEL_VERSION + (u64)&typed + (u64)&jumps;
}

char _license[] SEC("license") = "GPL";
