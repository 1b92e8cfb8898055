/* Tail calls: bpf_tail_call jumps to the program in an entry of a program array and does not return.
 * The loader fills the entries that the definition of the map lists.
 *
 * Byte 0 of the packet selects the entry. A socket filter returns how many bytes of the packet to
 * keep, so its return value shows which program ran last.
 *
 * rawbpf: kernel 5.8
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

int keep_ten(struct __sk_buff *skb);
int keep_twenty(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(u32));
	__array(values, int(struct __sk_buff *));
} jumps SEC(".maps") = {
	.values = { [1] = &keep_ten, [3] = &keep_twenty },
};

SEC("socket")
int choose(struct __sk_buff *skb)
{
	u8 slot = 0;

	bpf_skb_load_bytes(skb, 0, &slot, sizeof(slot));
	bpf_tail_call(skb, &jumps, slot);
	return 5;	/* reached if the entry is empty */
}

SEC("socket")
int keep_ten(struct __sk_buff *skb)
{
	return 10;
}

SEC("socket")
int keep_twenty(struct __sk_buff *skb)
{
	return 20;
}
