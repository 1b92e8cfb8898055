"""x86-64.

Sources: arch/x86/entry/syscalls/syscall_64.tbl, arch/x86/include/asm/ptrace.h and
arch/x86/include/asm/syscall_wrapper.h in the kernel; the System V ABI for argument registers.

Loads are not reordered with other loads, nor stores with other stores (Intel SDM volume 3, "Memory
Ordering"), so reading a ring takes no fences. struct epoll_event is packed on x86-64 only, to give
it the layout that 32-bit programs have.

>>> X86_64.syscalls["bpf"], X86_64.pt_regs.offset("di"), X86_64.pt_regs.size
(321, 112, 168)
"""

from __future__ import annotations

from rawbpf.arch.record import Architecture, PtRegs, Qemu

__all__ = ["X86_64"]

_FIELDS = (
    "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
    "orig_ax", "ip", "cs", "flags", "sp", "ss",
)  # fmt: skip

X86_64 = Architecture(
    name="x86-64",
    machine="x86_64",
    elf_machine=62,  # EM_X86_64
    debian="amd64",
    multiarch="x86_64-linux-gnu",
    bpf_target="x86",
    syscalls={
        "bpf": 321,
        "perf_event_open": 298,
        "ioctl": 16,
        "mmap": 9,
        "munmap": 11,
        "epoll_create1": 291,
        "epoll_ctl": 233,
        "epoll_pwait": 281,
        "close": 3,
        "capget": 125,
        "capset": 126,
        "finit_module": 313,
        "delete_module": 176,
    },
    syscall_prefix="__x64_sys_",
    compat_prefixes=("__ia32_sys_", "__ia32_compat_sys_"),
    pt_regs=PtRegs(
        fields=_FIELDS,
        arguments=("di", "si", "dx", "cx", "r8", "r9"),
        syscall_arguments=("di", "si", "dx", "r10", "r8", "r9"),
        result="ax",
        ip="ip",
        sp="sp",
    ),
    epoll_event_packed=True,
    weakly_ordered=False,
    trampoline_slots=6,
    more_trampoline_slots=(6, 6),  # 473e3150e30a
    library_folders=(
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib64",
        "/usr/lib64",
        "/usr/local/lib",
        "/lib",
        "/usr/lib",
    ),
    cpuinfo_fields=("model name", "flags"),
    qemu=Qemu(
        program="qemu-system-x86_64",
        packages={
            "apt install": "qemu-system-x86",
            "dnf install": "qemu-system-x86-core",
            "pacman -S": "qemu-system-x86",
        },
        machine="pc",
        # Without "fast strings" (ERMS), which the kernel would use to copy by `rep movsb`: the
        # emulator does that byte by byte. Without the flag, the kernel copies 8 bytes at a time.
        tcg_cpu="max,erms=off",
        console="ttyS0",
        line="/dev/ttyS1",
        second_serial=("-serial", "chardev:{chardev}"),
        shared_memory="resource2",
    ),
)
