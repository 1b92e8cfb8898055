/* CPU v4 only. For older versions, clang cannot compile a signed division. */
typedef long long s64;

s64 sdiv64(s64 *p) { return p[0] / p[1] + p[0] / 7; }
s64 smod64(s64 *p) { return p[0] % p[1] + p[0] % 7; }
int sdiv32(int *p) { return p[0] / p[1] + p[0] / -7; }
int smod32(int *p) { return p[0] % p[1] + p[0] % -7; }
