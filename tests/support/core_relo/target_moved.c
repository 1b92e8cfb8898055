/* A kernel that has all types, but with another order, nesting, sizes and enumerator values. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

struct inner {
	u8 c[9];
	int a;
	struct {
		short b;
	};
};

struct thing {
	u16 before;
	struct {
		struct {
			u32 flags;
			enum colour { GREEN = 7, RED } colour;
		};
		struct inner in;
	};
	u8 name[32];
	struct inner list[9];
	s32 padding : 7, low : 9;
	u64 more : 20, wide : 30, bits : 5;
	union {
		u8 z;
		short y;
		int x;
	};
	void (*call)(long);
	struct thing *next;
	int id;
	u32 renamed;
	float real;
	u16 last[];
} thing;

struct same {
	int a;
	struct same *next;
} same;

struct other_members {
	int a;
	u64 b;
} other_members;

struct other_order {
	u16 c[4];
	u64 b;
	int more;
	int a;
} other_order;

union choice {
	u64 b;
	int a;
} choice;

union was_union {
	int a;
} was_union;

enum small { MINUS = -30, TWO = 20, ONE = 10 } small;
enum large { ALSO = 50, HUGE = 0xfedcba987654321ULL } large;
enum negative { LOWEST = -0xfedcba987654321LL, NONE = 1 } negative;
enum grown { GROWN_A = 0x100000000ULL, GROWN_B = 0x200000000ULL } grown;

typedef struct same same_t;
typedef enum small small_t;
typedef long number_t;
typedef int (*callback_t)(struct same *, u64);
typedef int (*fewer_t)(int, int);
typedef u8 array_t[9];
typedef const struct same *pointer_t;
typedef void *handle_t;

same_t *a;
small_t b;
number_t c;
callback_t d;
fewer_t e;
array_t f;
pointer_t g;
handle_t h;
