/* A kernel with several types of the same name. Their layouts agree in the relocated fields. */
typedef unsigned int u32;
typedef unsigned long long u64;

struct thing {
	int id;
	u64 flags;
} thing;

struct thing___v2 {
	int id;
	u64 flags;
	u32 bits : 3;
} thing2;

enum small { ONE = 1, TWO, MINUS = -3 } small;
enum small___v2 { TWO___v2 = 2, ONE___v2 = 1 } small2;
