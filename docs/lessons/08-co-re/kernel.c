/* Stands for a kernel. Its structs have another layout than those in task.bpf.c. */
struct place {
	long file;
	int column;
	int line;
};

struct task {
	long state;
	char name[16];
	struct place at;
	int pid;
};

struct task first;
