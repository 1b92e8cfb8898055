/* Calls of helpers, of functions in the same and in another section, and callbacks. */
static void *(*lookup)(void *map, const void *key) = (void *)1;
static unsigned long long (*now)(void) = (void *)5;
static long (*loop)(unsigned int n, void *callback, void *context, unsigned long long flags) = (void *)181;

__attribute__((noinline)) static int helper(int a, int b)
{
	volatile int c = a;
	return c * b;
}

__attribute__((noinline)) int global(int a) { return helper(a, 3) + 1; }

__attribute__((noinline)) static long each(unsigned int index, void *context)
{
	*(unsigned int *)context += index;
	return 0;
}

__attribute__((section("kprobe/one"))) int one(void *ctx) { return helper(now(), 7) + global(2); }

__attribute__((section("kprobe/one"))) int two(void *ctx)
{
	unsigned int sum = 0;
	loop(10, each, &sum, 0);
	return sum;
}

char licence[] __attribute__((section("license"))) = "Dual MIT/GPL";
