/* Backward jumps, and conditional branches. */
__attribute__((section("xdp"))) int collatz(volatile unsigned int *p)
{
	unsigned long long n = *p;
	int steps = 0;
	while (n != 1 && steps < 1000) {
		n = n & 1 ? 3 * n + 1 : n / 2;
		steps++;
	}
	return steps;
}

__attribute__((section("xdp"))) int find(volatile unsigned char *p)
{
	for (int i = 0; i < 64; i++) {
		if (p[i] == 'x')
			return i;
		if (p[i] > 'x' && p[i + 1] <= p[i])
			return -i;
	}
	return -1;
}
