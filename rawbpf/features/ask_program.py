r"""Program types, helpers, instructions: load a program that uses them.

The verifier looks at what is called before it looks at the arguments. So a call with arguments that
cannot be right tells a helper that exists (EACCES, ``R2 !read_ok``) from one that does not (EINVAL,
and one of three phrases in the log, as they changed over time).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm import Builder, r0
from rawbpf.errors import KernelError, errno_name
from rawbpf.features.answer import Answer, Outcome, attempt
from rawbpf.syscall.attr import Attr, buffer
from rawbpf.syscall.bpf import prog_load
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.syscall.attr import Buffer
    from rawbpf.syscall.fd import Fd

__all__ = ["helper", "instruction", "load_trivial", "log_true_size", "program_type"]

_LOG_SIZE = 1 << 16
_NO_HELPER = ("invalid func ", "unknown func ", "program of this type cannot use helper ")


def _attr(build: Callable[[Builder], None], kind: bpf_prog_type) -> Attr[BpfAttrProgLoad]:
    """A program that does what ``build`` adds, and returns 0."""
    b = Builder("rawbpf_probe")
    build(b)
    b.mov(r0, 0)
    b.exit()
    code = b.build().encode()
    struct = BpfAttrProgLoad(prog_type=kind, insn_cnt=len(code) // 8, prog_name=b"rawbpf_probe")
    attr = Attr(struct).point("insns", code).point("license", b"GPL\0")
    return attr.ends_at("expected_attach_type")


def _nothing(_: Builder) -> None:
    """A program that only returns."""


def load_trivial(kind: bpf_prog_type, attach: bpf_attach_type | None = None) -> Fd:
    """Load ``return 0`` as a program of ``kind``."""
    attr = _attr(_nothing, kind)
    attr.struct.expected_attach_type = attach or 0
    return prog_load(attr, "rawbpf_probe")


def program_type(kind: bpf_prog_type) -> Answer:
    """Load a program of this type."""
    return attempt(f"load a {kind.name}", lambda: load_trivial(kind))


def instruction(what: str, build: Callable[[Builder], None]) -> Answer:
    """Load a program that holds an instruction."""
    attr = _attr(build, bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    return attempt(f"load a program with {what}", lambda: prog_load(attr, "rawbpf_probe"))


def _with_log(attr: Attr[BpfAttrProgLoad]) -> Buffer:
    log = buffer(_LOG_SIZE)
    attr.point("log_buf", log).struct.log_size = _LOG_SIZE
    attr.struct.log_level = 1
    return log


def helper(name: str, kind: bpf_prog_type = bpf_prog_type.BPF_PROG_TYPE_KPROBE) -> Answer:
    """Call a helper, with whatever the registers hold, from a program of ``kind``."""
    attr = _attr(lambda b: b.call(name), kind)
    log = _with_log(attr)
    what = f"call bpf_{name} from a {kind.name}"
    try:
        prog_load(attr, "rawbpf_probe").close()
    except KernelError as error:
        said = log.value.decode(errors="replace")
        if not said:  # the verifier was not reached
            return Answer(Outcome.UNSURE, f"{what}: {errno_name(error.errno or 0)}")
        gone = next((line for line in said.splitlines() if line.startswith(_NO_HELPER)), None)
        if gone is not None:
            return Answer(Outcome.NO, f"{what}: {gone}")
    return Answer(Outcome.YES, f"{what}: it can")


def log_true_size() -> Answer:
    """Load with a log, and see whether the kernel fills in how long it would be."""
    attr = _attr(_nothing, bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    _with_log(attr)
    attr.ends_at("log_true_size")
    answer = attempt("load a program with a log", lambda: prog_load(attr, "rawbpf_probe"), no=())
    if answer.outcome is Outcome.YES and not attr.struct.log_true_size:
        return Answer(Outcome.NO, "load a program with a log: log_true_size stayed 0")
    return answer
