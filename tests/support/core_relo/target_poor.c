/* A kernel that lacks most of the types, and uses their names for other kinds of types. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct inner {
	u64 gone;
	struct {
		long long a;
	};
	u8 c[3];
};

struct thing {
	int flags;
	u64 id;
	struct inner in;
	struct inner list[2];
	u8 *name;
	u64 next;
	u32 bits, more : 32;
	u8 low : 8;
	int x[2];
	struct {
		int renamed___not;
	} colour;
	u8 last;
} thing;

struct same {
	int b;
} *same;

enum small { TWO = 2 } small;
typedef int same_t;
typedef int number_t;

same_t a;
number_t b;
