"""The types that somebody loaded: with them, maps and programs of others can be read.

Maps and programs know the id of the BTF that they were made with (4.18). Its bytes can be asked
for; those of a module are split, and continue the kernel image's.
"""

from __future__ import annotations

from pathlib import Path

from rawbpf.btf.btf import Btf
from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.kernel.objects import open_id
from rawbpf.syscall.bpf_object import btf_info

__all__ = ["btf_by_id"]


def btf_by_id(number: int) -> Btf:
    """The types with this id. KernelError: gone, or not permitted; FormatError: damaged."""
    with open_id("btf", number) as fd:
        info, data = btf_info(fd.fileno())
    path = vmlinux_btf()
    # The kernel image's own types are whole, those of modules build on them.
    split = info.kernel_btf and path is not None and not _is_whole(data)
    return Btf(data, Btf(Path(path).read_bytes()) if split and path else None)


def _is_whole(data: bytes) -> bool:
    """Whether strings begin with the empty one, as those of every BTF that builds on no other."""
    from rawbpf.btf.header import decode_header

    return data[decode_header(data).strings][:1] == b"\0"
