"""One record per architecture, with all architecture-dependent facts that rawbpf uses.

On x86-64, loads are not reordered with other loads, nor stores with other stores (Intel SDM volume
3, "Memory Ordering"), so reading a ring needs no fences. struct epoll_event is packed, so that it
has the same layout as in 32-bit programs.

On arm64, system call numbers come from the generic table, which lacks epoll_wait; epoll_pwait with
a null signal mask is equivalent on both architectures. The CPU may read a record before it reads
the ring's head, so reading a ring needs fences. x0 contains the first argument of a system call,
and later its result. The kernel saves the first argument in ``orig_x0``, directly after the part of
struct pt_regs that is visible to user space (struct user_pt_regs).

Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h;
arch/*/include/asm/ptrace.h and syscall_wrapper.h; and, for argument registers, the System V ABI and
the Procedure Call Standard for arm64. A test compares the records with the kernel's headers.

>>> X86_64.syscalls["bpf"], X86_64.pt_regs.offset("di"), X86_64.pt_regs.size
(321, 112, 168)
>>> ARM64.syscalls["bpf"], ARM64.pt_regs.offset("orig_x0")
(280, 272)
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ARM64",
    "X86_64",
    "Architecture",
    "PtRegs",
    "Qemu",
]


_X86_64_FIELDS = (
    "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
    "orig_ax", "ip", "cs", "flags", "sp", "ss",
)  # fmt: skip


class PtRegs(NamedTuple):
    """The layout of struct pt_regs, which holds the registers that a kprobe program receives.

    All fields are 8 bytes wide. ``arguments`` lists the registers for the first arguments of a
    function, and ``syscall_arguments`` those for a system call. The two lists differ because a
    system call wrapper receives a single pointer to the user space pt_regs and reads the arguments
    from there.
    """

    fields: tuple[str, ...]
    arguments: tuple[str, ...]
    syscall_arguments: tuple[str, ...]
    result: str
    ip: str
    sp: str

    @property
    def size(self) -> int:
        """The total size of the fields in bytes.

        The kernel's structure may contain additional fields after these.
        """
        return 8 * len(self.fields)

    def offset(self, field: str) -> int:
        """Return a field's offset in bytes."""
        return 8 * self.fields.index(field)


class Qemu(NamedTuple):
    """The options for running a guest of this architecture.

    ``packages`` maps a package manager's command to the package that provides ``program``.
    ``console`` is the kernel's name for the first serial port, and ``line`` is the device file for
    the second serial port inside the guest. ``second_serial`` lists the QEMU options that add the
    second serial port, where ``{chardev}`` stands for the character device. ``tcg_cpu`` is the name
    of the processor to emulate. ``shared_memory`` is the sysfs file through which the guest maps
    the memory that it shares with the host (a PCI BAR).
    """

    program: str
    packages: Mapping[str, str]
    machine: str
    tcg_cpu: str
    console: str
    line: str
    second_serial: tuple[str, ...]
    shared_memory: str


class Architecture(NamedTuple):
    """The facts about an architecture that rawbpf relies on.

    name                       as people write it
    machine                    as ``uname -m`` prints it
    elf_machine                e_machine in an ELF header (EM_*)
    debian                     Debian's name, in names of packages and mirrors
    multiarch                  the GNU triplet, Debian's folder for libraries and headers
    bpf_target                 what follows __TARGET_ARCH_ in the headers of libbpf and of rawbpf
    syscalls                   system call -> number
    syscall_prefix             what the kernel prepends to ``read`` to name the wrapper (4.17)
    compat_prefixes            the same for system calls of 32-bit programs
    pt_regs                    the saved registers
    epoll_event_packed         whether struct epoll_event has no hole after ``events``
    weakly_ordered             whether the CPU may reorder two loads or two stores: reading a ring
                               then takes fences (see ``rawbpf.syscall.fd``)
    trampolines_since          the first kernel version that can attach fentry and LSM programs
    trampoline_slots           argument slots of 8 bytes that an fentry trampoline always supports
    more_trampoline_slots      the first kernel version that supports more of them
    library_folders            where the dynamic loader finds libraries, besides LD_LIBRARY_PATH
    cpuinfo_fields             the lines of /proc/cpuinfo that identify a processor model
    qemu                       how to run a guest
    """

    name: str
    machine: str
    elf_machine: int
    debian: str
    multiarch: str
    bpf_target: str
    syscalls: Mapping[str, int]
    syscall_prefix: str
    compat_prefixes: tuple[str, ...]
    pt_regs: PtRegs
    epoll_event_packed: bool
    weakly_ordered: bool
    trampolines_since: tuple[int, int]
    trampoline_slots: int
    more_trampoline_slots: tuple[int, int]
    library_folders: tuple[str, ...]
    cpuinfo_fields: tuple[str, ...]
    qemu: Qemu

    def syscall_function(self, call: str) -> str:
        """Return the name of the kernel function that implements a system call (4.17).

        >>> ARM64.syscall_function("bpf")
        '__arm64_sys_bpf'
        """
        return self.syscall_prefix + call

    @property
    def kernel_package(self) -> str:
        """Debian's metapackage for the cloud kernel."""
        return f"linux-image-cloud-{self.debian}"


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
        "prctl": 157,
        "finit_module": 313,
        "delete_module": 176,
    },
    syscall_prefix="__x64_sys_",
    compat_prefixes=("__ia32_sys_", "__ia32_compat_sys_"),
    pt_regs=PtRegs(
        fields=_X86_64_FIELDS,
        arguments=("di", "si", "dx", "cx", "r8", "r9"),
        syscall_arguments=("di", "si", "dx", "r10", "r8", "r9"),
        result="ax",
        ip="ip",
        sp="sp",
    ),
    epoll_event_packed=True,
    weakly_ordered=False,
    trampolines_since=(5, 5),
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
            "zypper install": "qemu-x86",
        },
        machine="pc",
        # The emulated CPU lacks "fast strings" (ERMS), because the emulator executes `rep movsb`
        # byte by byte. Without the ERMS flag, the kernel copies 8 bytes at a time.
        tcg_cpu="max,erms=off",
        console="ttyS0",
        line="/dev/ttyS1",
        second_serial=("-serial", "chardev:{chardev}"),
        shared_memory="resource2",
    ),
)


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
        "prctl": 167,
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
    trampolines_since=(6, 4),  # 2aa6ac03516d: ftrace can call a trampoline directly
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
            "zypper install": "qemu-arm",
        },
        machine="virt,gic-version=max",
        tcg_cpu="max,pauth-impdef=on",
        # The virtual board has only one serial port, a PL011. The second serial port is a 16550 on
        # the PCI bus.
        console="ttyAMA0",
        line="/dev/ttyS0",
        second_serial=("-device", "pci-serial,chardev={chardev}"),
        # Device memory that is mapped without write combining does not allow the unaligned accesses
        # that memcpy makes (SIGBUS).
        shared_memory="resource2_wc",
    ),
)
