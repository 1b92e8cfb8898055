/* Call getppid(2) COUNT times, in bursts of BURST with pauses of PAUSE microseconds.
 *
 *     producer COUNT BURST PAUSE
 *
 * The calls start after a line on stdin. Print the nanoseconds per call, without the pauses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	long left, burst, pause;
	long long spent = 0, count;

	if (argc != 4)
		return 2;
	count = left = atol(argv[1]);
	burst = atol(argv[2]);
	pause = atol(argv[3]);
	getchar();
	while (left > 0) {
		long long begun = now();

		for (long i = 0; i < burst && left > 0; i++, left--)
			syscall(SYS_getppid);
		spent += now() - begun;
		if (pause)
			usleep(pause);
	}
	printf("%.1f\n", (double)spent / count);
	return 0;
}
