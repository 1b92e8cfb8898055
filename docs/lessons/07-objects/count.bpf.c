/* A program that counts how often it has run. To compile it:
 *
 *     clang -target bpf -O2 -g -c count.bpf.c -o count.bpf.o
 */
#define SEC(name) __attribute__((section(name), used))

struct {
	int (*type)[2];		/* BPF_MAP_TYPE_ARRAY */
	int (*max_entries)[1];
	unsigned int *key;
	unsigned long long *value;
} hits SEC(".maps");

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;

char LICENSE[] SEC("license") = "GPL";

SEC("socket")
int count(void *ctx)
{
	unsigned int only = 0;
	unsigned long long *value = bpf_map_lookup_elem(&hits, &only);

	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}
