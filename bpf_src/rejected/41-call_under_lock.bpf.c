/* A helper is called while a lock is held.
 *
 * A program must release a lock quickly, but a helper could take a long time, or could need the
 * same lock. Calls are therefore not allowed between lock and unlock. Look at the code between
 * them.
 *
 * rawbpf: rule RB-V037
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
	bpf_spin_lock(&moment->lock);
	moment->last = bpf_get_prandom_u32();
	bpf_spin_unlock(&moment->lock);
	return 0;
}
