/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 *
 * Arguments of the function that a program is attached to.
 *
 * A kprobe program gets the registers. The calling convention determines which of them hold the
 * arguments. The wrapper of a system call (__x64_sys_openat) has one argument, the registers of user
 * space, where the fourth argument is in r10. fentry, tp_btf and lsm programs get an array with one
 * 64-bit word for each argument.
 */
#pragma once

#if defined(__TARGET_ARCH_x86)
#define ARG1(regs) ((regs)->di)
#define ARG2(regs) ((regs)->si)
#define ARG3(regs) ((regs)->dx)
#define ARG4(regs) ((regs)->cx)
#define ARG5(regs) ((regs)->r8)
#define RESULT(regs) ((regs)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define ARG1(regs) (((const struct user_pt_regs *)(regs))->regs[0])
#define ARG2(regs) (((const struct user_pt_regs *)(regs))->regs[1])
#define ARG3(regs) (((const struct user_pt_regs *)(regs))->regs[2])
#define ARG4(regs) (((const struct user_pt_regs *)(regs))->regs[3])
#define ARG5(regs) (((const struct user_pt_regs *)(regs))->regs[4])
#define RESULT(regs) (((const struct user_pt_regs *)(regs))->regs[0])
#else
#error "pass -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64"
#endif
