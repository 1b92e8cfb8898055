/* Every binary operation, in 32 and 64 bits, on registers and constants. */
typedef unsigned int u32;
typedef unsigned long long u64;

struct pair {
	u64 a, b;
	u32 c, d;
};

#define BINARY(name, op)                                                                           \
	u64 name##64(struct pair *p) { return (p->a op p->b) ^ (p->a op 77); }                     \
	u32 name##32(struct pair *p) { return (p->c op p->d) ^ (p->c op 77); }

BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)
BINARY(div, /)
BINARY(mod, %)
BINARY(and, &)
BINARY(or, |)
BINARY(xor, ^)

u64 lsh64(struct pair *p) { return (p->a << (p->b & 63)) + (p->a << 9); }
u64 rsh64(struct pair *p) { return (p->a >> (p->b & 63)) + (p->b >> 9); }
long long arsh64(struct pair *p) { return ((long long)p->a >> (p->b & 63)) + ((long long)p->b >> 9); }
u32 lsh32(struct pair *p) { return (p->c << (p->d & 31)) + (p->c << 9); }
u32 rsh32(struct pair *p) { return (p->c >> (p->d & 31)) + (p->d >> 9); }
int arsh32(struct pair *p) { return ((int)p->c >> (p->d & 31)) + ((int)p->d >> 9); }
u64 neg64(struct pair *p) { return -p->a; }
u32 neg32(struct pair *p) { return -p->c; }
u64 not64(struct pair *p) { return ~p->a; }
u64 wide(struct pair *p) { return p->a + 0x123456789abcdef0ULL; }
u64 minus(struct pair *p) { return p->a * -3; }
