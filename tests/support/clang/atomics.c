/* 64-bit atomics. The result is not used, so clang emits no fetch. */
typedef unsigned long long u64;

void plain(u64 *p, u64 v) { __sync_fetch_and_add(p, v); }
