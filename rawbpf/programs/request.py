"""BPF_PROG_LOAD's attr, from a spec and from what the kernel holds already."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.syscall import bpf
from rawbpf.syscall.attr import Attr
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["BPF_LOG_LEVEL1", "BPF_LOG_LEVEL2", "BPF_LOG_STATS", "Request", "Target"]

BPF_LOG_LEVEL1 = 1  # the path that failed
BPF_LOG_LEVEL2 = 2  # every path, also of what is accepted
BPF_LOG_STATS = 4  # only what it took, 5.2

_INSN_SIZE = 8
_FUNC_INFO, _LINE_INFO = 8, 16  # struct bpf_func_info, struct bpf_line_info


class Target(NamedTuple):
    """What a program is verified for: a type of the kernel (``attach_btf_id``), 5.5.

    ``fd``: the module's BTF, if the type is in one (5.11), or a program to be replaced or traced.
    """

    type_id: int
    fd: int = 0


class Request(NamedTuple):
    """All that goes into the attr."""

    spec: ProgramSpec
    maps: Mapping[str, Map]
    btf: KernelBtf | None = None
    target: Target | None = None
    modules: Mapping[str, int] = {}
    """Descriptors of the types of the modules that the program calls or looks into."""

    def attr(
        self, log: ctypes.Array[ctypes.c_char] | None = None, level: int = 0
    ) -> Attr[BpfAttrProgLoad]:
        """The attr without a log, or with room for one of some level."""
        attr = _attr(self.spec, self._insns())
        if self.target is not None:
            attr.struct.attach_btf_id, attr.struct.attach_btf_obj_fd = self.target
        if self.btf is not None:
            _describe(attr, self.spec, self.btf)
        called = [self.modules[name] for name in self.spec.code.called_modules]
        if called:
            # What a call's off is an index of (5.16). The kernel image, 0, is found without.
            attr.point("fd_array", struct.pack(f"={1 + len(called)}i", 0, *called))
        if log is not None:
            attr.point("log_buf", log)
            attr.struct.log_size, attr.struct.log_level = len(log), level
        return attr.ends_at("prog_name")

    def _insns(self) -> bytes:
        maps = {name: one.fileno() for name, one in self.maps.items()}
        return self.spec.code.encode(maps, modules=self.modules)


def _describe(attr: Attr[BpfAttrProgLoad], spec: ProgramSpec, btf: KernelBtf) -> None:
    """func_info and line_info (5.0). The kernel takes lines only of functions with a type."""
    functions = btf.func_info(spec.code)
    if not functions:
        return
    load = attr.struct
    load.prog_btf_fd = btf.fileno()
    attr.point("func_info", functions)
    load.func_info_rec_size = _FUNC_INFO
    load.func_info_cnt = len(functions) // _FUNC_INFO
    lines = btf.line_info(spec.code)
    if lines:
        attr.point("line_info", lines)
        load.line_info_rec_size = _LINE_INFO
        load.line_info_cnt = len(lines) // _LINE_INFO


def _attr(spec: ProgramSpec, insns: bytes) -> Attr[BpfAttrProgLoad]:
    """What every program needs."""
    load = BpfAttrProgLoad(
        prog_type=spec.prog_type,
        insn_cnt=len(insns) // _INSN_SIZE,
        prog_name=bpf.obj_name(spec.name),
        expected_attach_type=spec.expected_attach_type or 0,
        prog_flags=spec.prog_flags,
    )
    license_ = spec.license.encode(errors="surrogateescape") + b"\0"
    return Attr(load).point("insns", insns).point("license", license_)
