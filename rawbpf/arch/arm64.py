"""arm64.

Sources: include/uapi/asm-generic/unistd.h, arch/arm64/include/asm/ptrace.h and
arch/arm64/include/asm/syscall_wrapper.h in the kernel; the Procedure Call Standard for argument
registers.

arm64 uses the generic system call table, which has no epoll_wait: epoll_pwait with a null signal
mask is the same call on both architectures.

A CPU may read a record before it reads the ring's head, so reading a ring takes fences.

x0 holds the first argument of a system call and later its result. The kernel keeps the argument in
``orig_x0``, directly after the part of struct pt_regs that user space knows (struct user_pt_regs).

>>> ARM64.syscalls["bpf"], ARM64.pt_regs.offset("orig_x0")
(280, 272)
"""

from __future__ import annotations

from rawbpf.arch.record import Architecture, PtRegs, Qemu

__all__ = ["ARM64"]

ARM64 = Architecture(
    name="arm64",
    machine="aarch64",
    elf_machine=183,  # EM_AARCH64
    debian="arm64",
    multiarch="aarch64-linux-gnu",
    bpf_target="arm64",
    syscalls={
        "bpf": 280,
        "perf_event_open": 241,
        "ioctl": 29,
        "mmap": 222,
        "munmap": 215,
        "epoll_create1": 20,
        "epoll_ctl": 21,
        "epoll_pwait": 22,
        "close": 57,
        "capget": 90,
        "capset": 91,
        "finit_module": 273,
        "delete_module": 106,
    },
    syscall_prefix="__arm64_sys_",
    compat_prefixes=("__arm64_compat_sys_",),
    pt_regs=PtRegs(
        fields=(*(f"x{number}" for number in range(31)), "sp", "pc", "pstate", "orig_x0"),
        arguments=tuple(f"x{number}" for number in range(8)),
        syscall_arguments=("orig_x0", "x1", "x2", "x3", "x4", "x5"),
        result="x0",
        ip="pc",
        sp="sp",
    ),
    epoll_event_packed=False,
    weakly_ordered=True,
    trampoline_slots=8,
    more_trampoline_slots=(6, 16),
    library_folders=(
        "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/lib64",
        "/usr/lib64",
        "/usr/local/lib",
        "/lib",
        "/usr/lib",
    ),
    cpuinfo_fields=("CPU implementer", "CPU part", "Features"),
    qemu=Qemu(
        program="qemu-system-aarch64",
        packages={
            "apt install": "qemu-system-arm",
            "dnf install": "qemu-system-aarch64-core",
            "pacman -S": "qemu-system-aarch64",
        },
        machine="virt,gic-version=max",
        tcg_cpu="max,pauth-impdef=on",
        # The board has one serial line, a PL011. The second one is a 16550 on the PCI bus.
        console="ttyAMA0",
        line="/dev/ttyS0",
        second_serial=("-device", "pci-serial,chardev={chardev}"),
        # Mapped without write combining, device memory does not allow the unaligned accesses that
        # memcpy makes (SIGBUS).
        shared_memory="resource2_wc",
    ),
)
