/* Read the records of events.bpf.c with libbpf: the peer of rawbpf's readers.
 *
 *     reader OBJECT perf|ring count|line PID
 *
 * Lines go to stdout. After SIGINT, the counts go to stderr as JSON.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define PAGES 64	/* as many as rawbpf uses by default */

struct event {
	unsigned long long ktime_ns;
	unsigned int cpu, pid, tid, pad;
	char comm[16];
};

static volatile sig_atomic_t stopped;
static int line;
static unsigned long long delivered, reported;

static void stop(int number)
{
	stopped = number;
}

static void show(const struct event *event)
{
	delivered++;
	if (line)
		fprintf(stdout, "%02llu:%02llu:%02llu.%06llu info %u %u %u %s kprobe triggered!\n",
			event->ktime_ns / 3600000000000 % 24, event->ktime_ns / 60000000000 % 60,
			event->ktime_ns / 1000000000 % 60, event->ktime_ns / 1000 % 1000000,
			event->cpu, event->pid, event->tid, event->comm);
}

static void on_sample(void *ctx, int cpu, void *data, __u32 size)
{
	show(data);
}

static void on_lost(void *ctx, int cpu, __u64 count)
{
	reported += count;
}

static int on_record(void *ctx, void *data, size_t size)
{
	show(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	struct perf_buffer *perf = NULL;
	struct ring_buffer *ring = NULL;
	struct bpf_map *map;
	int is_perf;

	if (argc != 5)
		return 2;
	is_perf = !strcmp(argv[2], "perf");
	line = !strcmp(argv[3], "line");
	signal(SIGINT, stop);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return 1;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program),
							   is_perf ? "send_perf" : "send_ring"));
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata")) {
			unsigned int pid = atoi(argv[4]);

			bpf_map__set_initial_value(map, &pid, sizeof(pid));
		}
	if (bpf_object__load(object))
		return 1;
	program = bpf_object__find_program_by_name(object, is_perf ? "send_perf" : "send_ring");
	if (is_perf)
		perf = perf_buffer__new(bpf_object__find_map_fd_by_name(object, "perf"), PAGES,
					on_sample, on_lost, NULL, NULL);
	else
		ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"),
					on_record, NULL, NULL);
	if ((!perf && !ring) || !bpf_program__attach(program))
		return 1;
	while (!stopped)
		is_perf ? perf_buffer__poll(perf, -1) : ring_buffer__poll(ring, -1);
	is_perf ? perf_buffer__consume(perf) : ring_buffer__consume(ring);
	fflush(stdout);
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".bss")) {
			__u32 zero = 0;
			unsigned long long lost = 0;

			bpf_map_lookup_elem(bpf_map__fd(map), &zero, &lost);
			reported = lost;
		}
	fprintf(stderr, "{\"delivered\": %llu, \"lost\": %llu}\n", delivered, reported);
	return 0;
}
