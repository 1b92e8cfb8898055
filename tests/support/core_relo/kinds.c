/* Every relocation of types and enumerators. */
#include "questions.h"

struct same {
	int a;
	struct same *next;
};

struct other_members {
	int a;
	s64 b;
};

struct other_order {
	int a;
	u64 b;
	u16 c[4];
};

struct only_here {
	int a;
};

union choice {
	int a;
	u64 b;
};

struct was_union {
	int a;
};

enum small { ONE = 1, TWO, MINUS = -3 };
enum large { HUGE = 0x123456789abcdefULL, ALSO = 5 };
enum negative { LOWEST = -0x123456789abcdefLL, NONE = 0 };
enum grown { GROWN_A = 1, GROWN_B = 2 };
enum small___mine { ONE___mine = 99, GONE___mine };

typedef struct same same_t;
typedef enum small small_t;
typedef int number_t;
typedef int (*callback_t)(struct same *, u64);
typedef int (*fewer_t)(int);
typedef u8 array_t[8];
typedef const struct same *pointer_t;
typedef void *handle_t;

SEC("socket")
int ids(void *ctx)
{
	ASK_ID(struct same), ASK_ID(struct other_order), ASK_ID(union choice), ASK_ID(enum small);
	ASK_ID(same_t), ASK_ID(number_t), ASK_ID(callback_t), ASK_ID(struct only_here);
	return 0;
}

SEC("socket")
int types(void *ctx)
{
	ASK_TYPE(struct same), ASK_TYPE(struct other_members), ASK_TYPE(struct other_order);
	ASK_TYPE(struct only_here), ASK_TYPE(union choice), ASK_TYPE(struct was_union);
	ASK_TYPE(enum small), ASK_TYPE(enum large), ASK_TYPE(enum grown), ASK_TYPE(same_t);
	ASK_TYPE(small_t), ASK_TYPE(number_t), ASK_TYPE(callback_t), ASK_TYPE(fewer_t);
	ASK_TYPE(array_t), ASK_TYPE(pointer_t), ASK_TYPE(handle_t);
	return 0;
}

SEC("socket")
int matches(void *ctx)
{
	ASK_MATCH(struct same), ASK_MATCH(struct other_members), ASK_MATCH(struct other_order);
	ASK_MATCH(struct only_here), ASK_MATCH(union choice), ASK_MATCH(struct was_union);
	ASK_MATCH(enum small), ASK_MATCH(enum large), ASK_MATCH(enum grown), ASK_MATCH(same_t);
	ASK_MATCH(small_t), ASK_MATCH(number_t), ASK_MATCH(callback_t), ASK_MATCH(fewer_t);
	ASK_MATCH(array_t), ASK_MATCH(pointer_t), ASK_MATCH(handle_t);
	return 0;
}

SEC("socket")
int values(void *ctx)
{
	ASK_VALUE(enum small, ONE), ASK_VALUE(enum small, TWO), ASK_VALUE(enum small, MINUS);
	ASK_VALUE(enum large, HUGE), ASK_VALUE(enum large, ALSO), ASK_VALUE(enum negative, LOWEST);
	ASK_VALUE(enum grown, GROWN_A), ASK_VALUE(enum grown, GROWN_B);
	ASK_VALUE(enum small___mine, ONE___mine), ASK_VALUE(enum small___mine, GONE___mine);
	return 0;
}
