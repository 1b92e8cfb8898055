/* CPU v3 and later: atomics with fetch, and 32-bit atomics. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define FETCHING(type)                                                                             \
	type add_##type(type *p, type v) { return __sync_fetch_and_add(p, v); }                    \
	type sub_##type(type *p, type v) { return __sync_fetch_and_sub(p, v); }                    \
	type and_##type(type *p, type v) { return __sync_fetch_and_and(p, v); }                    \
	type or_##type(type *p, type v) { return __sync_fetch_and_or(p, v); }                      \
	type xor_##type(type *p, type v) { return __sync_fetch_and_xor(p, v); }                    \
	type xchg_##type(type *p, type v) { return __sync_lock_test_and_set(p, v); }               \
	type cas_##type(type *p, type v) { return __sync_val_compare_and_swap(p, 5, v); }          \
	void plain_##type(type *p, type v)                                                         \
	{                                                                                          \
		__sync_fetch_and_add(p + 1, v);                                                    \
		__sync_fetch_and_and(p + 2, v);                                                    \
		__sync_fetch_and_or(p + 3, v);                                                     \
		__sync_fetch_and_xor(p - 1, v);                                                    \
	}

FETCHING(u32)
FETCHING(u64)
