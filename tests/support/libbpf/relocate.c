/* Print the instructions that libbpf would load for each program of an object, on the kernel whose
 * BTF is in a file.
 *
 *     relocate OBJECT BTF
 *     PROGRAM 85000000ffffffff...
 *
 * libbpf has no function for this; it relocates only while it loads. Therefore this program links
 * libbpf.a statically and replaces bpf(2) by a function that always succeeds and returns a descriptor
 * of /dev/null. It needs no privileges, and handles programs that the running kernel would reject.
 */
#define _FILE_OFFSET_BITS 64 /* like libbpf.a, so that statfs is statfs64 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/magic.h>

long syscall(long number, ...)
{
	if (number != SYS_bpf) {
		errno = ENOSYS;
		return -1;
	}
	va_list rest;
	va_start(rest, number);
	int command = va_arg(rest, int);
	va_end(rest);
	switch (command) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_PROG_BIND_MAP:
	case BPF_OBJ_PIN:
		return 0;
	default: /* no object is pinned */
		errno = ENOENT;
		return -1;
	}
}

/* Pretend that every folder is in bpffs, because libbpf checks this before it pins a map. */
int statfs(const char *path, struct statfs *found)
{
	found->f_type = BPF_FS_MAGIC;
	return 0;
}

static int print(enum libbpf_print_level level, const char *format, va_list words)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, words) : 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = argv[2]);
	struct bpf_program *program;
	struct bpf_object *object;
	int refused;

	libbpf_set_print(print);
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return 2;
	refused = bpf_object__load(object);
	bpf_object__for_each_program(program, object) {
		const unsigned char *code = (const void *)bpf_program__insns(program);

		printf("%s ", bpf_program__name(program));
		for (size_t i = 0; i < bpf_program__insn_cnt(program) * sizeof(struct bpf_insn); i++)
			printf("%02x", code[i]);
		putchar('\n');
	}
	return refused ? 1 : 0;
}
