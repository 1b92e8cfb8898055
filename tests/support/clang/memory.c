/* Loads and stores of all sizes, signed and unsigned, of registers and constants. */
struct all {
	unsigned char u8;
	signed char s8;
	unsigned short u16;
	short s16;
	unsigned int u32;
	int s32;
	unsigned long long u64;
	char big[4000];
};

unsigned long long zero_extended(struct all *p) { return p->u8 + p->u16 + p->u32 + p->u64; }
long long sign_extended(struct all *p) { return (long long)p->s8 * p->s16 * p->s32; }
long long from_registers(long long *p) { return (signed char)p[0] + (short)p[1] + (int)p[2]; }
int narrow(int *p) { return (signed char)p[0] + (short)p[1]; }

void stores(struct all *p, struct all *q)
{
	p->u8 = q->u16;
	p->u16 = q->u32;
	p->u32 = q->u64;
	p->u64 = q->u8;
	p->big[3999] = q->big[77];
}

void constants(volatile struct all *p)
{
	p->u8 = 200;
	p->s8 = -2;
	p->u16 = 60000;
	p->u32 = 4000000000u;
	p->u64 = 123;
	p->s32 = -5;
}

int stack(int *p)
{
	volatile int room[16];
	for (int i = 0; i < 16; i++)
		room[i] = p[i];
	return room[p[0] & 15];
}
