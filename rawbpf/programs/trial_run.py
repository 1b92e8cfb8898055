"""Run programs with BPF_PROG_TEST_RUN, and explain failures.

bpf(2) fails with EINVAL whichever argument is invalid. BPF_PROG_TEST_RUN supports socket filters,
XDP and tc programs (4.12), raw tracepoints (5.10), sk_lookup programs (5.13) and syscall programs
(5.14). For kprobes and tracepoints, the command fails with ENOTSUPP. Tracing programs (fentry)
accept no data; the kernel calls its own test functions instead.
"""

from __future__ import annotations

import errno

from rawbpf.errors import ENOTSUPP, KernelError, UnsupportedError, UsageError
from rawbpf.kernel.call_error import call_error
from rawbpf.programs.info import ProgramInfo
from rawbpf.syscall.bpf import RunResult, prog_test_run

__all__ = ["test_run"]

_PACKET = 14
"""ETH_HLEN, which is the size of the smallest packet."""

_CONTEXT_ONLY = ("raw_tracepoint", "raw_tracepoint_writable", "syscall", "tracing", "sk_lookup")
_MOST_REPEATS = (1 << 32) - 1


def test_run(fd: int, data: bytes, ctx: bytes, repeat: int) -> RunResult:
    """See ``KernelProgram.test_run``."""
    if not 0 <= repeat <= _MOST_REPEATS:
        raise UsageError(
            f"invalid repeat count: {repeat}", fix=f"specify a number from 0 to {_MOST_REPEATS}"
        )
    try:
        return prog_test_run(fd, data, ctx=ctx, repeat=repeat)
    except KernelError as error:
        raise _explain(fd, data, ctx, repeat, error) from None


test_run.__test__ = False  # type: ignore[attr-defined] # not a test for pytest


def _explain(
    fd: int, data: bytes, ctx: bytes, repeat: int, error: KernelError
) -> KernelError | UnsupportedError:
    number = error.errno or 0
    try:
        info = ProgramInfo.of(fd)
    except KernelError:
        return call_error("cannot run the program", error)
    what, word = f"cannot run program {info.name!r}", info.type_word
    if number in (ENOTSUPP, errno.EOPNOTSUPP):
        return UnsupportedError(
            what,
            why=f"BPF_PROG_TEST_RUN does not support programs of type {word}",
            fix="attach the program, and trigger its event",
        )
    if number == errno.EINVAL:
        fault = _fault(word, data, ctx, repeat)
        return KernelError(what, errno=number, call=error.call, why=fault)
    return call_error(what, error)


def _fault(word: str, data: bytes, ctx: bytes, repeat: int) -> str | None:
    """Return the likely problem with the arguments, or None if they appear to be valid."""
    if word in _CONTEXT_ONLY:
        if data or repeat > 1:
            return f"programs of type {word} take only a context and run only once"
        return f"a context of {len(ctx)} bytes has the wrong size or is invalid for this kernel"
    if len(data) < _PACKET:
        return (
            f"a packet must be at least {_PACKET} bytes long (an Ethernet header), not {len(data)}"
        )
    if ctx:
        return f"a context of {len(ctx)} bytes has the wrong size or sets a read-only field"
    return None
