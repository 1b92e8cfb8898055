/* Maps and variables: everything that a 64-bit load can refer to. */
typedef unsigned int u32;
typedef unsigned long long u64;

static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*trace)(const char *format, u32 size, ...) = (void *)6;

struct {
	int (*type)[1];
	int (*max_entries)[16];
	u32 *key;
	u64 *value;
} hits __attribute__((section(".maps"), used));

const volatile u32 limit = 5;
u64 counter;
static u64 table[4] = {1, 2, 3, 4};
static volatile u32 state = 3;

__attribute__((section("xdp"))) int use(void *ctx)
{
	static const char format[] = "counter %d";
	u32 key = state;
	u64 *value = lookup(&hits, &key);
	if (value)
		*value += table[key & 3];
	counter += limit;
	trace(format, sizeof(format), counter);
	return 2;
}

char licence[] __attribute__((section("license"))) = "GPL";
