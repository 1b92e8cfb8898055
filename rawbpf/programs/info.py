"""What the kernel says of a program: struct bpf_prog_info, with its map ids, in Python's terms.

The names are the kernel's. What an older kernel does not know is 0. Runs and their time are only
counted while somebody wants it: ``sysctl kernel.bpf_stats_enabled=1`` (5.1), or as long as what
``count_runs`` returns is open (5.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from rawbpf.errors import KernelError
from rawbpf.kernel.call_error import call_error
from rawbpf.syscall.bpf import enable_stats, prog_info
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = ["ProgramInfo", "count_runs"]


def count_runs() -> Fd:
    """Have the kernel count runs, of all programs, until this is closed (5.8; CAP_SYS_ADMIN)."""
    try:
        return enable_stats()
    except KernelError as error:
        raise call_error("cannot have runs counted", error) from None


class ProgramInfo(NamedTuple):
    """Sizes in bytes, times in nanoseconds; ``load_time`` counts from boot (CLOCK_BOOTTIME).

    ``tag``: 16 hex digits, a SHA of the instructions. ``name``: 15 characters at most.
    ``verified_insns`` (5.16) counts what the verifier walked through; ``recursion_misses`` (5.12)
    what was not run since the program ran on that CPU already. ``attach_btf_id`` (6.0): the kernel
    type that it was verified for.
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
        """Ask the kernel, once if the program uses no maps."""
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
        """The type as people write it: ``kprobe``; a number if it is newer than we are.

        >>> ProgramInfo(*[0] * 20)._replace(type=2).type_word
        'kprobe'
        """
        if self.type not in set(bpf_prog_type):
            return str(self.type)
        return bpf_prog_type(self.type).name.removeprefix("BPF_PROG_TYPE_").lower()


_OURS = ("tag", "name", "gpl_compatible", "map_ids")
