/* A program that reads fields of a kernel struct without knowing its layout. To compile it:
 *
 *     clang -target bpf -O2 -g -c task.bpf.c -o task.bpf.o
 */
#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))

struct place {
	int line;
	int column;
} CORE;

struct task {
	int flags;
	int pid;
	struct place at;
} CORE;

SEC("socket")
int look(struct task *task)
{
	return task->pid + task->at.column;
}
