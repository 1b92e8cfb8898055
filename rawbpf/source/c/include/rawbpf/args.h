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
#define ARG1(context) (((const struct user_pt_regs *)(context))->regs[0])
#define ARG2(context) (((const struct user_pt_regs *)(context))->regs[1])
#define ARG3(context) (((const struct user_pt_regs *)(context))->regs[2])
#define ARG4(context) (((const struct user_pt_regs *)(context))->regs[3])
#define ARG5(context) (((const struct user_pt_regs *)(context))->regs[4])
#define RESULT(context) (((const struct user_pt_regs *)(context))->regs[0])
#else
#error "pass -D__TARGET_ARCH_x86 or -D__TARGET_ARCH_arm64"
#endif
