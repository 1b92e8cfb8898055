/* Open and load an object with libbpf repeatedly, and print the milliseconds of each load. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/libbpf.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (int left = atoi(argv[2]); left > 0; left--) {
		double begun = now();
		struct bpf_object *object = bpf_object__open_file(argv[1], NULL);

		if (!object || bpf_object__load(object))
			return 1;
		printf("%.3f\n", now() - begun);
		bpf_object__close(object);
	}
	return 0;
}
