/* Macros for all CO-RE relocations of types and fields, and variables for their results. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))

volatile u64 answer;

/* byte offset, size, exists, signed, left shift, right shift */
#define ASK(field, what) answer = __builtin_preserve_field_info(field, what)
#define ASK_PLAIN(field) ASK(field, 0), ASK(field, 1), ASK(field, 2)
#define ASK_ALL(field) ASK_PLAIN(field), ASK(field, 3), ASK(field, 4), ASK(field, 5)

/* local ID, target ID; exists, size, matches; enumerator: exists, value */
#define ASK_ID(type) answer = __builtin_btf_type_id(*(type *)0, 0), \
	answer = __builtin_btf_type_id(*(type *)0, 1)
#define ASK_TYPE(type) answer = __builtin_preserve_type_info(*(type *)0, 0), \
	answer = __builtin_preserve_type_info(*(type *)0, 1)
#if __clang_major__ >= 15
#define ASK_MATCH(type) answer = __builtin_preserve_type_info(*(type *)0, 2)
#else
#define ASK_MATCH(type) answer = __builtin_preserve_type_info(*(type *)0, 0)
#endif
#define ASK_VALUE(type, name) answer = __builtin_preserve_enum_value(*(typeof(type) *)name, 0), \
	answer = __builtin_preserve_enum_value(*(typeof(type) *)name, 1)
