/* Every relocation of fields: plain fields, bitfields, arrays, nested and anonymous structs, flavours. */
#include "questions.h"

struct inner {
	int a;
	short b;
	u8 c[6];
} CORE;

struct thing {
	int id;
	u64 flags;
	struct inner in;
	struct inner list[4];
	union {
		int x;
		struct {
			short y;
			u8 z;
		};
	};
	u32 bits : 3, more : 11;
	s32 low : 5;
	u64 wide : 40;
	enum colour { RED = 1, GREEN } colour;
	struct thing *next;
	u8 name[16];
	void (*call)(int);
	double real;
	u16 last[];
} CORE;

struct thing___old {
	u32 renamed;
	struct inner___old {
		u64 gone;
	} in;
} CORE;

SEC("socket")
int offsets(struct thing *t)
{
	ASK_ALL(t->id), ASK_ALL(t->flags), ASK_ALL(t->colour), ASK_ALL(t->real), ASK_PLAIN(t->call);
	ASK_PLAIN(t->in), ASK_PLAIN(t->list), ASK_PLAIN(t->name), ASK_PLAIN(t->next);
	ASK_ALL(t->in.a), ASK_ALL(t->in.b), ASK_PLAIN(t->in.c), ASK_PLAIN(t->in.c[5]);
	ASK_PLAIN(t->list[3]), ASK_ALL(t->list[2].b), ASK_PLAIN(t->list[1].c[4]);
	ASK(t->next, 4), ASK(t->next, 5), ASK_PLAIN(t->last);
	ASK_ALL(t->x), ASK_ALL(t->y), ASK_ALL(t->z), ASK_PLAIN(t->last[7]);
	ASK_ALL(t[2].flags);
	return 0;
}

SEC("socket")
int bits(struct thing *t)
{
	ASK_ALL(t->bits), ASK_ALL(t->more), ASK_ALL(t->low), ASK_ALL(t->wide);
	return 0;
}

SEC("socket")
int flavours(struct thing___old *t)
{
	ASK(t->renamed, 2), ASK(t->in.gone, 2), ASK(t->in, 2);
	if (__builtin_preserve_field_info(t->renamed, 2))
		answer = t->renamed;
	if (__builtin_preserve_field_info(t->in.gone, 2))
		answer = t->in.gone;
	return 0;
}

SEC("socket")
int loads(struct thing *t)
{
	answer = t->id;
	answer = t->flags;
	answer = t->in.b;
	answer = t->list[2].a;
	answer = t->y;
	answer = t->colour;
	answer = (u64)t->next;
	answer = t->name[3];
	answer = (u64)t->call;
	answer = t->last[2];
	return t->z;
}

SEC("socket")
int stores(struct thing *t)
{
	t->id = 7;
	t->flags = answer;
	t->in.b = answer;
	t->list[1].a = 3;
	t->x = answer;
	t->name[2] = 'x';
	return 0;
}
