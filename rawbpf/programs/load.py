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
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, VerifierError
from rawbpf.kernel.refusal import refused
from rawbpf.programs.program import Program
from rawbpf.programs.verifier_log import cause
from rawbpf.syscall import bpf
from rawbpf.syscall.attr import Attr
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["load"]

_LOG_FIRST = 1 << 16
_LOG_LARGEST = 1 << 24  # the kernel refuses more than UINT_MAX >> 2; 16 MiB hold any real log
_INSN_SIZE = 8
_BPF_LOG_LEVEL_1 = 1


def load(spec: ProgramSpec, maps: Mapping[str, Map]) -> Program:
    """BPF_PROG_LOAD. VerifierError carries the verifier's log; KernelError is any other refusal."""
    insns = spec.code.encode(maps={name: one.fileno() for name, one in maps.items()})
    try:
        fd = bpf.prog_load(_attr(spec, insns), spec.name)
    except KernelError as refusal:
        raise _explain(spec, insns, refusal) from None
    return Program(fd, spec)


def _attr(spec: ProgramSpec, insns: bytes) -> Attr[BpfAttrProgLoad]:
    """The attr without a log."""
    struct = BpfAttrProgLoad(
        prog_type=spec.prog_type,
        insn_cnt=len(insns) // _INSN_SIZE,
        prog_name=bpf.obj_name(spec.name),
        expected_attach_type=spec.expected_attach_type or 0,
    )
    attr = Attr(struct).point("insns", insns).point("license", spec.license.encode() + b"\0")
    return attr.ends_at("prog_name")


def _explain(spec: ProgramSpec, insns: bytes, refusal: KernelError) -> KernelError:
    """Turn a bare errno into the verifier's log, or into the privilege that is missing."""
    log = _fetch_log(spec, insns)
    number = refusal.errno or 0
    if log:
        what = f"the verifier refused program {spec.name!r}"
        return VerifierError(what, errno=number, log=log, cause=cause(log))
    return refused(f"cannot load program {spec.name!r}", refusal)


def _fetch_log(spec: ProgramSpec, insns: bytes) -> str:
    """Load again with a log; empty when the kernel wrote none."""
    size = _LOG_FIRST
    while True:
        buffer = ctypes.create_string_buffer(size)
        attr = _attr(spec, insns).point("log_buf", buffer)
        attr.struct.log_size, attr.struct.log_level = size, _BPF_LOG_LEVEL_1
        attr.ends_at("prog_name")
        try:
            bpf.prog_load(attr, spec.name).close()
        except KernelError as error:
            # Only ENOSPC says that the log was cut. EFAULT may stand for it on some kernels.
            cut = error.errno in (errno.ENOSPC, errno.EFAULT)
            if not cut or size >= _LOG_LARGEST:
                return buffer.value.decode(errors="backslashreplace")
            size *= 4
        else:
            return ""
