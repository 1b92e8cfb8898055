/* Kernel options, variables and functions that a program refers to by name.
 *
 * The loader reads options from the kernel's configuration file and writes them to a read-only map.
 * The verifier therefore treats them as constants, and removes code that does not apply to this kernel.
 * For a variable that is declared with a type, the verifier knows the type; for one declared as void,
 * the program gets only the address. If a weak name does not exist, its address is 0.
 *
 * rawbpf: kernel 5.10
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_XFS_FS __kconfig __weak;
extern int CONFIG_NEVER_WAS __kconfig __weak;

extern const int bpf_prog_active __ksym __weak;	/* per CPU; needs BTF of variables */
extern const void bpf_prog_put __ksym;			/* only its address */
extern const void rawbpf_never_was __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;	/* kfuncs since 6.2 */
extern void bpf_rcu_read_unlock(void) __ksym __weak;

u32 version = 0, hz = 0, with_bpf = 0, xfs = 0, never = 1, active = 1, has_kfunc = 0;
u64 address = 0, absent = 1;

SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	version = LINUX_KERNEL_VERSION;
	hz = CONFIG_HZ;
	with_bpf = CONFIG_BPF_SYSCALL;
	xfs = CONFIG_XFS_FS;
	never = CONFIG_NEVER_WAS;
	address = (u64)&bpf_prog_put;
	absent = (u64)&rawbpf_never_was;
	if (&bpf_prog_active)
		active = *(const int *)bpf_this_cpu_ptr(&bpf_prog_active);
	return 0;
}

SEC("tc")
int call_kfunc(struct __sk_buff *skb)
{
	if (bpf_rcu_read_lock && bpf_rcu_read_unlock) {
		bpf_rcu_read_lock();
		has_kfunc = 1;
		bpf_rcu_read_unlock();
	}
	return 0;
}
