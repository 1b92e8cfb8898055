"""Query the kernel's information about a program, in struct bpf_prog_info, and its map IDs.

The names of the fields are those used by the kernel. A field that an older kernel does not know is
0. The kernel counts runs and their duration only while ``sysctl kernel.bpf_stats_enabled=1`` is set
(5.1), or while the descriptor returned by ``count_runs`` is open (5.8).
"""

from __future__ import annotations

from rawbpf.errors import KernelError
from rawbpf.kernel.call_error import call_error
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.syscall.bpf import enable_stats, prog_info
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from typing import Self

    from rawbpf.syscall.fd import Fd

__all__ = ["ProgramInfo", "count_runs"]


def count_runs() -> Fd:
    """Count the runs of all programs until the result is closed (5.8; CAP_SYS_ADMIN)."""
    try:
        return enable_stats()
    except KernelError as error:
        raise call_error("cannot count runs", error) from None


class ProgramInfo(NamedTuple):
    """Information about a program (Linux 4.13), with sizes in bytes and times in nanoseconds.

    ``load_time`` is relative to boot (CLOCK_BOOTTIME). ``tag`` is a hash of the instructions,
    written as 16 hex digits. ``name`` is at most 15 characters long. ``verified_insns`` (5.16) is
    the number of instructions that the verifier processed. ``recursion_misses`` (5.12) counts runs
    that were skipped because the program was already running on the same CPU. ``attach_btf_id``
    (6.0) is the BTF ID of the kernel type for which the program was verified.
    """

    id: int
    type: int
    tag: str
    name: str
    load_time: int
    created_by_uid: int
    gpl_compatible: bool
    map_ids: tuple[int, ...]
    ifindex: int
    btf_id: int
    attach_btf_obj_id: int
    attach_btf_id: int
    xlated_prog_len: int
    jited_prog_len: int
    nr_func_info: int
    nr_line_info: int
    run_time_ns: int
    run_cnt: int
    recursion_misses: int
    verified_insns: int

    @classmethod
    def of(cls, fd: int) -> Self:
        """Return information about the program that descriptor ``fd`` refers to."""
        info, arrays = prog_info(fd, "map_ids")
        same = {name: getattr(info, name) for name in cls._fields if name not in _OURS}
        return cls(
            tag=bytes(info.tag).hex(),
            name=info.name.decode(errors="backslashreplace"),
            gpl_compatible=bool(info.gpl_compatible),
            map_ids=tuple(memoryview(arrays["map_ids"]).cast("I")),
            **same,
        )

    @property
    def type_word(self) -> str:
        """The short name of the program type, such as ``kprobe``, or its number if it is unknown.

        >>> ProgramInfo(*[0] * 20)._replace(type=2).type_word
        'kprobe'
        """
        if self.type not in set(bpf_prog_type):
            return str(self.type)
        return bpf_prog_type(self.type).name.removeprefix("BPF_PROG_TYPE_").lower()


_OURS = ("tag", "name", "gpl_compatible", "map_ids")
