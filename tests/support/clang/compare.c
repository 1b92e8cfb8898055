/* Every condition. volatile prevents the compiler from evaluating them. */
typedef unsigned int u32;
typedef unsigned long long u64;

extern void *sink(void *);

#define COMPARE(name, type, op)                                                                    \
	int name(volatile type *p)                                                                 \
	{                                                                                          \
		type a = p[0], b = p[1];                                                           \
		if (a op b)                                                                        \
			p[2] = 1;                                                                  \
		if (a op 100)                                                                      \
			p[3] = 2;                                                                  \
		return p[4];                                                                       \
	}

#define COMPARE_ALL(suffix, type)                                                                  \
	COMPARE(eq##suffix, type, ==)                                                              \
	COMPARE(ne##suffix, type, !=)                                                              \
	COMPARE(lt##suffix, type, <)                                                               \
	COMPARE(le##suffix, type, <=)                                                              \
	COMPARE(gt##suffix, type, >)                                                               \
	COMPARE(ge##suffix, type, >=)                                                              \
	COMPARE(set##suffix, type, &)

COMPARE_ALL(_u64, u64)
COMPARE_ALL(_u32, u32)
COMPARE_ALL(_s64, long long)
COMPARE_ALL(_s32, int)
