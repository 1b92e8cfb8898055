/* Atomics on 64 bits. Without a use of the result, no fetch. */
typedef unsigned long long u64;

void plain(u64 *p, u64 v) { __sync_fetch_and_add(p, v); }
