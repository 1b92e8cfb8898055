/* Call the helper before taking the lock.
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

struct moment {
	struct bpf_spin_lock lock;
	u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct moment);
} moments SEC(".maps");

SEC("tc")
int call_under_lock(struct __sk_buff *skb)
{
	u32 key = 0;
	struct moment *moment = bpf_map_lookup_elem(&moments, &key);

	if (!moment)
		return 0;
	u32 number = bpf_get_prandom_u32();

	bpf_spin_lock(&moment->lock);
	moment->last = number;
	bpf_spin_unlock(&moment->lock);
	return 0;
}
