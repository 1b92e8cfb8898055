"""Loading: a spec, the maps it names, and the verifier's word on it.

The rules, each learnt by somebody the hard way:

- First without a log: with a log buffer that is too small, a *valid* program fails with ENOSPC.
- On refusal once more with a log, growing the buffer until the whole text fits. From 6.4 the kernel
  says how much it needs (``log_true_size``) and keeps the log's tail if it does not fit.
- Before 5.11 programs count against RLIMIT_MEMLOCK, and say EPERM when it is used up.
"""

from __future__ import annotations

import ctypes
import errno
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError, VerifierError
from rawbpf.kernel.refusal import refused
from rawbpf.programs.program import Program
from rawbpf.programs.verifier_log import cause
from rawbpf.syscall import bpf
from rawbpf.syscall.attr import Attr
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["Target", "load"]

_LOG_FIRST = 1 << 16
_LOG_LARGEST = 1 << 24  # the kernel refuses more than UINT_MAX >> 2; 16 MiB hold any real log
_INSN_SIZE = 8
_FUNC_INFO, _LINE_INFO = 8, 16  # struct bpf_func_info, struct bpf_line_info
_BPF_LOG_LEVEL_1 = 1
_BPF_LOG_STATS = 4


class Target(NamedTuple):
    """What a program is verified for: a type of the kernel (``attach_btf_id``), 5.5.

    ``fd``: the module's BTF, if the type is in one (5.11), or a program to be replaced or traced.
    """

    type_id: int
    fd: int = 0


def load(
    spec: ProgramSpec,
    maps: Mapping[str, Map],
    *,
    btf: KernelBtf | None = None,
    target: Target | None = None,
    stats: bool = False,
) -> Program:
    """BPF_PROG_LOAD. VerifierError carries the verifier's log; KernelError is any other refusal.

    ``btf``: the types of the spec's object, for the names of functions and the lines of source.
    ``stats``: have the verifier say what it took; the text is in the program's ``log`` then (5.2).
    """
    insns = spec.code.encode(maps={name: one.fileno() for name, one in maps.items()})
    request = _Request(spec, insns, btf, target)
    log = ctypes.create_string_buffer(_LOG_FIRST if stats else 1)
    try:
        fd = bpf.prog_load(request.attr(log if stats else None), spec.name)
    except KernelError as refusal:
        raise _explain(request, refusal) from None
    return Program(fd, spec, log.value.decode(errors="backslashreplace"))


class _Request(NamedTuple):
    """All that goes into the attr."""

    spec: ProgramSpec
    insns: bytes
    btf: KernelBtf | None
    target: Target | None

    def attr(self, stats: ctypes.Array[ctypes.c_char] | None = None) -> Attr[BpfAttrProgLoad]:
        """The attr without a log, or with room for what the verifier counted."""
        attr = _attr(self.spec, self.insns)
        if self.target is not None:
            attr.struct.attach_btf_id, attr.struct.attach_btf_obj_fd = self.target
        if self.btf is not None:
            _describe(attr, self.spec, self.btf)
        if stats is not None:
            attr.point("log_buf", stats)
            attr.struct.log_size, attr.struct.log_level = len(stats), _BPF_LOG_STATS
        return attr.ends_at("prog_name")


def _describe(attr: Attr[BpfAttrProgLoad], spec: ProgramSpec, btf: KernelBtf) -> None:
    """func_info and line_info (5.0). The kernel takes lines only of functions with a type."""
    functions = btf.func_info(spec.code)
    if not functions:
        return
    struct = attr.struct
    struct.prog_btf_fd = btf.fileno()
    attr.point("func_info", functions)
    struct.func_info_rec_size = _FUNC_INFO
    struct.func_info_cnt = len(functions) // _FUNC_INFO
    lines = btf.line_info(spec.code)
    if lines:
        attr.point("line_info", lines)
        struct.line_info_rec_size = _LINE_INFO
        struct.line_info_cnt = len(lines) // _LINE_INFO


def _attr(spec: ProgramSpec, insns: bytes) -> Attr[BpfAttrProgLoad]:
    """What every program needs."""
    struct = BpfAttrProgLoad(
        prog_type=spec.prog_type,
        insn_cnt=len(insns) // _INSN_SIZE,
        prog_name=bpf.obj_name(spec.name),
        expected_attach_type=spec.expected_attach_type or 0,
        prog_flags=spec.prog_flags,
    )
    license_ = spec.license.encode(errors="surrogateescape") + b"\0"
    return Attr(struct).point("insns", insns).point("license", license_)


def _explain(request: _Request, refusal: KernelError) -> KernelError:
    """Turn a bare errno into the verifier's log, or into the privilege that is missing."""
    spec, log = request.spec, _fetch_log(request)
    number = refusal.errno or 0
    if log:
        what = f"the verifier refused program {spec.name!r}"
        return VerifierError(what, errno=number, log=log, cause=cause(log))
    return refused(f"cannot load program {spec.name!r}", refusal)


def _fetch_log(request: _Request) -> str:
    """Load again with a log; empty when the kernel wrote none."""
    size = _LOG_FIRST
    while True:
        buffer = ctypes.create_string_buffer(size)
        attr = request.attr().point("log_buf", buffer)
        attr.struct.log_size, attr.struct.log_level = size, _BPF_LOG_LEVEL_1
        attr.ends_at("prog_name")
        try:
            bpf.prog_load(attr, request.spec.name).close()
        except KernelError as error:
            # Only ENOSPC says that the log was cut. EFAULT may stand for it on some kernels.
            cut = error.errno in (errno.ENOSPC, errno.EFAULT)
            if not cut or size >= _LOG_LARGEST:
                return buffer.value.decode(errors="backslashreplace")
            size *= 4
        else:
            return ""
