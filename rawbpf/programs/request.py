"""Build a BPF_PROG_LOAD request, or send one only to learn the kernel's verdict.

- If the log buffer is too small, even a *valid* program fails, with ENOSPC; EFAULT may mask it. The
  buffer therefore grows until the whole log fits, up to 16 MiB.
- Since 6.4, the kernel keeps the end of a log that does not fit (BPF_LOG_FIXED keeps the start
  instead). The log from the last attempt therefore contains the end, which says why the program was
  rejected.
"""

from __future__ import annotations

import errno
import struct

from rawbpf.errors import KernelError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.syscall import bpf
from rawbpf.syscall.gate import Attr, buffer
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.gate import Buffer

__all__ = [
    "BPF_LOG_LEVEL1",
    "BPF_LOG_LEVEL2",
    "BPF_LOG_STATS",
    "Gap",
    "Request",
    "Target",
    "Verdict",
    "verify",
]

BPF_LOG_LEVEL1 = 1  # requests a log of the path that failed
BPF_LOG_LEVEL2 = 2  # requests a log of every path, even if the program is accepted
BPF_LOG_STATS = 4  # requests only the statistics (5.2)

_INSN_SIZE = 8
_FUNC_INFO, _LINE_INFO = 8, 16  # struct bpf_func_info, struct bpf_line_info
_FIRST_BUFFER = 1 << 16
_LARGEST_BUFFER = 1 << 24  # the kernel accepts up to UINT_MAX >> 2


class Target(NamedTuple):
    """The kernel type for which a program is verified, as given by ``attach_btf_id`` (5.5).

    ``fd`` is a descriptor for the BTF of the module that contains the type (5.11), or a descriptor
    for the program that is replaced or traced, or 0 for the kernel.
    """

    type_id: int
    fd: int = 0


class Gap(NamedTuple):
    """A feature that this kernel lacks, and the instruction that replaces the feature.

    The verifier rejects the instruction if a path reaches it. The instruction is either at ``slot``
    or a call of helper number ``helper``. The error then reads "program 'x' ``what``: ``why``;
    ``fix``".
    """

    what: str
    why: str
    fix: str | None = None
    slot: int | None = None
    helper: int | None = None


class Request(NamedTuple):
    """All parameters of a program load.

    ``modules`` maps the names of kernel modules to descriptors of their BTF, for all modules that
    the program refers to. ``gaps`` are not sent to the kernel; they help to explain why the kernel
    rejects the program.
    """

    spec: ProgramSpec
    maps: Mapping[str, Map]
    btf: KernelBtf | None = None
    target: Target | None = None
    modules: Mapping[str, int] = {}
    gaps: tuple[Gap, ...] = ()

    def attr(self, log: Buffer | None = None, level: int = 0) -> Attr[BpfAttrProgLoad]:
        """Return the attr for the call, which requests a log at ``level`` if ``log`` is given."""
        attr = _attr(self.spec, self._insns())
        if self.target is not None:
            attr.struct.attach_btf_id, attr.struct.attach_btf_obj_fd = self.target
        if self.btf is not None:
            _describe(attr, self.spec, self.btf)
        called = [self.modules[name] for name in self.spec.code.called_modules]
        if called:
            # The off field of a kfunc call is an index into fd_array (5.16). Index 0 refers to the
            # kernel.
            attr.point("fd_array", struct.pack(f"={1 + len(called)}i", 0, *called))
        if log is not None:
            attr.point("log_buf", log)
            attr.struct.log_size, attr.struct.log_level = len(log), level
        return attr.ends_at("prog_name")

    def _insns(self) -> bytes:
        maps = {name: one.fileno() for name, one in self.maps.items()}
        return self.spec.code.encode(maps, modules=self.modules)


def _describe(attr: Attr[BpfAttrProgLoad], spec: ProgramSpec, btf: KernelBtf) -> None:
    """Add func_info and line_info (5.0).

    The kernel accepts source lines only if all functions have types.
    """
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
    """Return an attr with the fields that every program needs."""
    load = BpfAttrProgLoad(
        prog_type=spec.prog_type,
        insn_cnt=len(insns) // _INSN_SIZE,
        prog_name=bpf.obj_name(spec.name),
        expected_attach_type=spec.expected_attach_type or 0,
        prog_flags=spec.prog_flags,
    )
    license_ = spec.license.encode(errors="surrogateescape") + b"\0"
    return Attr(load).point("insns", insns).point("license", license_)


class Verdict(NamedTuple):
    """The kernel's response to a load: ``log``, and ``errno`` (0 if the load succeeded)."""

    errno: int
    log: str

    @property
    def accepted(self) -> bool:
        """Whether the kernel accepted the program."""
        return not self.errno


def verify(
    request: Request, level: int = BPF_LOG_LEVEL1, largest: int = _LARGEST_BUFFER
) -> Verdict:
    """Load a program to obtain a log at ``level`` (BPF_LOG_* bits), and unload it again."""
    size = _FIRST_BUFFER
    while True:
        log = buffer(size)
        try:
            bpf.prog_load(request.attr(log, level), request.spec.name).close()
        except KernelError as error:
            number = error.errno or 0
            if number not in (errno.ENOSPC, errno.EFAULT) or size >= largest:
                return Verdict(number, _text(log))
            size *= 4
        else:
            return Verdict(0, _text(log))


def _text(log: Buffer) -> str:
    return log.value.decode(errors="backslashreplace")
