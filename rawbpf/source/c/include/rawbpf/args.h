/* SPDX-License-Identifier: GPL-2.0-only OR MIT
 *
 * Where a program finds the arguments of the function that it is attached to.
 *
 * A kprobe gets the registers, and by the calling convention the first argument of a function is in
 * the first of those below. A system call's wrapper (__x64_sys_openat) has one argument, the
 * registers of user space; a system call's fourth is in r10 there. fentry, tp_btf and lsm programs
 * get a plain array, one 64-bit word an argument.
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
