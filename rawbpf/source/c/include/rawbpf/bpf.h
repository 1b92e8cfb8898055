/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 *
 * Macros for sections and maps, and the kernel's helpers. Include vmlinux.h first; it has the types.
 *
 * The section's name determines the program type ("kprobe/do_exit"). The loader also reads the
 * sections "license", ".maps", ".kconfig" and ".ksyms". The macros have the names that libbpf uses.
 */
#pragma once

#define SEC(name)                                                                                  \
	_Pragma("GCC diagnostic push")                                                             \
	_Pragma("GCC diagnostic ignored \"-Wignored-attributes\"")                                 \
	__attribute__((section(name), used))                                                       \
	_Pragma("GCC diagnostic pop")

#define LICENSE(text) char LICENSE[] SEC("license") = text

#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __weak __attribute__((weak))
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))

/* The *type* of a variable defines a map, so that the definition is in BTF: a number n is the length
 * of an array, and a type is what a pointer points to.
 */
#define __uint(name, value) int (*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]

/* Constants that are macros in the kernel, so its BTF does not contain them. */
#define TC_ACT_UNSPEC (-1)
#define TC_ACT_OK 0
#define TC_ACT_SHOT 2
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD

enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };	/* CONFIG_* = n, y, m; libbpf's name */

enum { PIN_NONE = 0, PIN_BY_NAME = 1 };	/* __uint(pinning, ...) */

/* Helpers are called by number. Numbers never change; a test compares them with
 * rawbpf/uapi/bpf_insn.py, which also has the first kernel version with each helper.
 */
#define HELPER(number, result, name, ...)                                                          \
	static result (*const bpf_##name)(__VA_ARGS__) __attribute__((unused)) = (void *)number

HELPER(1, void *, map_lookup_elem, void *map, const void *key);
HELPER(2, long, map_update_elem, void *map, const void *key, const void *value, u64 flags);
HELPER(3, long, map_delete_elem, void *map, const void *key);
HELPER(4, long, probe_read, void *to, u32 size, const void *from);
HELPER(5, u64, ktime_get_ns, void);
HELPER(6, long, trace_printk, const char *format, u32 format_size, ...);
HELPER(7, u32, get_prandom_u32, void);
HELPER(8, u32, get_smp_processor_id, void);
HELPER(12, long, tail_call, void *ctx, void *prog_array, u32 index);
HELPER(14, u64, get_current_pid_tgid, void);
HELPER(15, u64, get_current_uid_gid, void);
HELPER(16, long, get_current_comm, void *to, u32 size);
HELPER(25, long, perf_event_output, void *ctx, void *map, u64 flags, void *data, u64 size);
HELPER(26, long, skb_load_bytes, const void *skb, u32 offset, void *to, u32 size);
HELPER(27, long, get_stackid, void *ctx, void *map, u64 flags);
HELPER(35, u64, get_current_task, void);
HELPER(45, long, probe_read_str, void *to, u32 size, const void *from);
HELPER(67, long, get_stack, void *ctx, void *to, u32 size, u64 flags);
HELPER(80, u64, get_current_cgroup_id, void);
HELPER(93, void, spin_lock, struct bpf_spin_lock *lock);
HELPER(94, void, spin_unlock, struct bpf_spin_lock *lock);
HELPER(112, long, probe_read_user, void *to, u32 size, const void *from);
HELPER(113, long, probe_read_kernel, void *to, u32 size, const void *from);
HELPER(114, long, probe_read_user_str, void *to, u32 size, const void *from);
HELPER(115, long, probe_read_kernel_str, void *to, u32 size, const void *from);
HELPER(126, long, seq_printf, struct seq_file *to, const char *format, u32 format_size,
       const void *args, u32 args_size);
HELPER(127, long, seq_write, struct seq_file *to, const void *from, u32 size);
HELPER(130, long, ringbuf_output, void *ring, void *from, u64 size, u64 flags);
HELPER(131, void *, ringbuf_reserve, void *ring, u64 size, u64 flags);
HELPER(132, void, ringbuf_submit, void *record, u64 flags);
HELPER(133, void, ringbuf_discard, void *record, u64 flags);
HELPER(148, long, copy_from_user, void *to, u32 size, const void *from);
HELPER(153, void *, per_cpu_ptr, const void *variable, u32 cpu);
HELPER(154, void *, this_cpu_ptr, const void *variable);
HELPER(158, struct task_struct *, get_current_task_btf, void);
HELPER(164, long, for_each_map_elem, void *map, void *callback, void *context, u64 flags);
HELPER(173, u64, get_func_ip, void *ctx);
HELPER(174, u64, get_attach_cookie, void *ctx);
HELPER(181, long, loop, u32 times, void *callback, void *context, u64 flags);

#undef HELPER
