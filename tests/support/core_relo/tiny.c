/* The smallest object that has one of each: map, variable, function, relocation of every kind. */
#define SEC(name) __attribute__((section(name), used))

struct {
	int (*type)[1];
	int (*max_entries)[4];
	int *key, *value;
} map SEC(".maps");

struct task {
	int pid;
} __attribute__((preserve_access_index));

int count;

static __attribute__((noinline)) int helper(struct task *task)
{
	return task->pid + count;
}

SEC("tc")
int p(struct task *task)
{
	return helper(task) + (long)&map;
}
