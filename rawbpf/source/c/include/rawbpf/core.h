/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 *
 * Compile once, run everywhere: clang writes a record where code depends on the layout of a kernel
 * type, and the loader fills in the layout of the running kernel. `rawbpf relocate FILE` shows the
 * records. In vmlinux.h all types have the attribute preserve_access_index, so a plain `task->pid`
 * is recorded, where the verifier allows programs to follow pointers. Elsewhere, use CORE_READ.
 *
 * A program may declare several versions of a type, such as `struct task_struct___old` for older
 * kernels. The loader ignores the three underscores and what follows them.
 */
#pragma once

#define CORE __attribute__((preserve_access_index))	/* for types that the program declares itself */

/* Follow pointers through kernel memory: CORE_READ(task, real_parent, tgid). */
#define CORE_READ(from, ...) CORE_PICK_(__VA_ARGS__, 5, 4, 3, 2, 1)(from, __VA_ARGS__)
#define CORE_PICK_(a, b, c, d, e, count, ...) CORE_READ_##count##_

#define CORE_READ_1_(from, a)                                                                      \
	({                                                                                         \
		typeof(from) from_ = (from);                                                       \
		typeof(from_->a) value_;                                                           \
		bpf_probe_read_kernel((void *)&value_, sizeof(value_),                             \
				      (const void *)__builtin_preserve_access_index(&from_->a));   \
		value_;                                                                            \
	})
#define CORE_READ_2_(from, a, b) CORE_READ_1_(CORE_READ_1_(from, a), b)
#define CORE_READ_3_(from, a, b, c) CORE_READ_1_(CORE_READ_2_(from, a, b), c)
#define CORE_READ_4_(from, a, b, c, d) CORE_READ_1_(CORE_READ_3_(from, a, b, c), d)
#define CORE_READ_5_(from, a, b, c, d, e) CORE_READ_1_(CORE_READ_4_(from, a, b, c, d), e)

/* Copy the string at from->field. The result is its length including the NUL, or -errno. */
#define CORE_READ_STR(to, from, field)                                                             \
	bpf_probe_read_kernel_str(to, sizeof(to), __builtin_preserve_access_index(&(from)->field))

/* Questions about the running kernel; the loader replaces each by a number. */
enum core_question_ { OFFSET_, SIZE_, EXISTS_, SIGNED_, LSHIFT_, RSHIFT_ };

#define core_field_exists(field) __builtin_preserve_field_info(field, EXISTS_)
#define core_field_offset(field) __builtin_preserve_field_info(field, OFFSET_)
#define core_field_size(field) __builtin_preserve_field_info(field, SIZE_)
#define core_type_id_local(type) __builtin_btf_type_id(*(type *)0, 0)
#define core_type_id_kernel(type) __builtin_btf_type_id(*(type *)0, 1)
#define core_type_exists(type) __builtin_preserve_type_info(*(type *)0, 0)
#define core_type_size(type) __builtin_preserve_type_info(*(type *)0, 1)
#define core_type_matches(type) __builtin_preserve_type_info(*(type *)0, 2)	/* clang 15 */
#define core_enum_value_exists(type, name) __builtin_preserve_enum_value(*(typeof(type) *)name, 0)
#define core_enum_value(type, name) __builtin_preserve_enum_value(*(typeof(type) *)name, 1)

/* Read a bitfield: load the integer around it, shift it left to bit 63, then right to bit 0. */
#define CORE_READ_BITS(from, field)                                                                \
	({                                                                                         \
		u64 bits_ = 0;                                                                     \
		bpf_probe_read_kernel(&bits_, core_field_size((from)->field),                      \
				      (void *)(from) + core_field_offset((from)->field));          \
		bits_ <<= __builtin_preserve_field_info((from)->field, LSHIFT_);                   \
		if (__builtin_preserve_field_info((from)->field, SIGNED_))                         \
			bits_ = (s64)bits_ >> __builtin_preserve_field_info((from)->field, RSHIFT_); \
		else                                                                               \
			bits_ >>= __builtin_preserve_field_info((from)->field, RSHIFT_);           \
		bits_;                                                                             \
	})
