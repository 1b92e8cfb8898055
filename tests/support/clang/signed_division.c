/* cpu v4 only: before, the backend refuses to divide signed numbers. */
typedef long long s64;

s64 sdiv64(s64 *p) { return p[0] / p[1] + p[0] / 7; }
s64 smod64(s64 *p) { return p[0] % p[1] + p[0] % 7; }
int sdiv32(int *p) { return p[0] / p[1] + p[0] / -7; }
int smod32(int *p) { return p[0] % p[1] + p[0] % -7; }
