/* Count packets and bytes at five points that a packet passes.
 *
 * An XDP program sees only the memory from data to data_end, and must prove to the verifier that it
 * stays within these bounds. The other programs get an skb, which has a length. Each program uses its
 * own entry of a per-CPU array, so that no CPU writes to the counters of another.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

enum place { AT_XDP, AT_TC, AT_SOCKET, AT_CGROUP_IN, AT_CGROUP_OUT, PLACES };

struct traffic {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, enum place);
	__type(value, struct traffic);
} traffic SEC(".maps");

static __always_inline void count(enum place place, u32 bytes)
{
	struct traffic *here = bpf_map_lookup_elem(&traffic, &place);

	if (here) {
		here->packets++;
		here->bytes += bytes;
	}
}

SEC("xdp")
int at_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	count(AT_XDP, end - data);
	return XDP_PASS;
}

SEC("tc")
int at_tc(struct __sk_buff *skb)
{
	count(AT_TC, skb->len);
	return TC_ACT_UNSPEC;
}

SEC("socket")
int at_socket(struct __sk_buff *skb)
{
	count(AT_SOCKET, skb->len);
	return 0;	/* keep no bytes: this program only counts */
}

SEC("cgroup_skb/ingress")
int at_cgroup_in(struct __sk_buff *skb)
{
	count(AT_CGROUP_IN, skb->len);
	return 1;	/* accept the packet */
}

SEC("cgroup_skb/egress")
int at_cgroup_out(struct __sk_buff *skb)
{
	count(AT_CGROUP_OUT, skb->len);
	return 1;
}
