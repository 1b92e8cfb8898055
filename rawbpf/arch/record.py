"""The fields of an architecture's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Architecture", "PtRegs", "Qemu"]


class PtRegs(NamedTuple):
    """The layout of struct pt_regs, the saved registers that a kprobe program receives.

    All fields are 8 bytes wide. ``arguments`` names the registers with the first arguments of a
    function, ``syscall_arguments`` those of a system call. They are not the same: a system call
    wrapper receives one pointer to the pt_regs of user space and reads the arguments from there.
    """

    fields: tuple[str, ...]
    arguments: tuple[str, ...]
    syscall_arguments: tuple[str, ...]
    result: str
    ip: str
    sp: str

    @property
    def size(self) -> int:
        """The size of these fields, in bytes. The kernel's structure may continue after them."""
        return 8 * len(self.fields)

    def offset(self, field: str) -> int:
        """Return the offset of a field, in bytes."""
        return 8 * self.fields.index(field)


class Qemu(NamedTuple):
    """How to run a guest of this architecture.

    ``packages`` maps a package manager's command to the package with ``program``. ``console`` is
    the kernel's name of the first serial line, ``line`` the device file of the second one in the
    guest. ``second_serial`` are the options that add this line; ``{chardev}`` stands for the
    character device. ``tcg_cpu`` is the processor to emulate. ``shared_memory`` is the sysfs file
    through which the guest maps the memory shared with the host (a PCI BAR).
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
    """What rawbpf has to know of an architecture.

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
                               then takes fences (see ``rawbpf.syscall.memory``)
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
    trampoline_slots: int
    more_trampoline_slots: tuple[int, int]
    library_folders: tuple[str, ...]
    cpuinfo_fields: tuple[str, ...]
    qemu: Qemu

    def syscall_function(self, call: str) -> str:
        """Return the name of the kernel function behind a system call (4.17).

        >>> from rawbpf.arch import ARM64
        >>> ARM64.syscall_function("bpf")
        '__arm64_sys_bpf'
        """
        return self.syscall_prefix + call

    @property
    def kernel_package(self) -> str:
        """Debian's metapackage of the cloud kernel."""
        return f"linux-image-cloud-{self.debian}"
