/* Stands for a kernel: its types are what counts, and they are not as the program guesses. */
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
