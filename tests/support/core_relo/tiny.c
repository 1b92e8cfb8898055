/* The smallest object that has a map, a variable, a function and a relocation of every kind. */
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
