/* Print log records with fprintf(3), and report the nanoseconds of CPU per line of each round.
 *
 *     fprintf RECORDS ROUNDS < perf ring bytes > lines
 *
 * The records are those of a perf ring: 12 bytes of header, then the log record. Lines go to /dev/null,
 * except those of the first round, which can be compared with other formatters.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct record {
	uint32_t length;
	uint8_t level, arg_count;
	uint16_t text_length;
	uint64_t ktime_ns;
	uint32_t tid, pid, cpu, reserved;
	char comm[16];
	char text[];
} __attribute__((packed));

static const char *const levels[] = { "off", "error", "warn", "info", "debug" };

static void print_all(FILE *out, const char *data, size_t count, size_t step)
{
	time_t second = -1;
	char clock[16] = "";

	for (size_t n = 0; n < count; n++) {
		const struct record *one = (const void *)(data + n * step + 12);
		time_t now = one->ktime_ns / 1000000000;

		if (now != second) {
			struct tm local;

			localtime_r(&now, &local);
			strftime(clock, sizeof(clock), "%H:%M:%S", &local);
			second = now;
		}
		fprintf(out, "%s.%06u %-5s %3u %7u %7u %-16.16s %.*s\n", clock,
			(unsigned int)(one->ktime_ns % 1000000000 / 1000), levels[one->level],
			one->cpu, one->pid, one->tid, one->comm, one->text_length, one->text);
	}
	fflush(out);
}

int main(int argc, char **argv)
{
	size_t count = strtoul(argv[1], NULL, 10), room = 1 << 16, size = 0, got;
	int rounds = atoi(argv[2]);
	char *data = malloc(room);
	FILE *nowhere = fopen("/dev/null", "w");

	if (argc != 3 || !nowhere || !data)
		return 1;
	while ((got = fread(data + size, 1, room - size, stdin))) {
		size += got;
		if (size == room)
			data = realloc(data, room *= 2);
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	setvbuf(nowhere, NULL, _IOFBF, 1 << 16);
	print_all(stdout, data, count, size / count);
	for (int n = 0; n < rounds; n++) {
		struct timespec begin, end;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		print_all(nowhere, data, count, size / count);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		fprintf(stderr, "%.1f\n", ((end.tv_sec - begin.tv_sec) * 1e9 +
					   (end.tv_nsec - begin.tv_nsec)) / count);
	}
	return 0;
}
