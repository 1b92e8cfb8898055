"""BPF_PROG_TEST_RUN, with reasons: bpf(2) answers EINVAL to all that it does not like.

Which types can be run by hand grew: socket filters, XDP and tc (4.12), raw tracepoints (5.10),
sk_lookup (5.13), syscall (5.14). Kprobes and tracepoints never: ENOTSUPP. A trampoline (fentry)
takes no data, and calls the kernel's own test functions.
"""

from __future__ import annotations

import errno

from rawbpf.errors import ENOTSUPP, KernelError, UnsupportedError, UsageError
from rawbpf.kernel.call_error import call_error
from rawbpf.programs.info import ProgramInfo
from rawbpf.syscall.bpf import RunResult, prog_test_run

__all__ = ["test_run"]

_PACKET = 14
"""ETH_HLEN: what a packet has at least."""

_CONTEXT_ONLY = ("raw_tracepoint", "raw_tracepoint_writable", "syscall", "tracing", "sk_lookup")
_MOST_REPEATS = (1 << 32) - 1


def test_run(fd: int, data: bytes, ctx: bytes, repeat: int) -> RunResult:
    """See ``KernelProgram.test_run``."""
    if not 0 <= repeat <= _MOST_REPEATS:
        raise UsageError(f"repeat is {repeat}", fix=f"give a number from 0 to {_MOST_REPEATS}")
    try:
        return prog_test_run(fd, data, ctx=ctx, repeat=repeat)
    except KernelError as error:
        raise _explain(fd, data, ctx, repeat, error) from None


test_run.__test__ = False  # type: ignore[attr-defined] # pytest: this is no test


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
            why=f"programs of type {word} cannot be run by hand",
            fix="attach it, and cause what it waits for",
        )
    if number == errno.EINVAL:
        fault = _fault(word, data, ctx, repeat)
        return KernelError(what, errno=number, call=error.call, why=fault)
    return call_error(what, error)


def _fault(word: str, data: bytes, ctx: bytes, repeat: int) -> str | None:
    """What of the arguments it may have been."""
    if word in _CONTEXT_ONLY:
        if data or repeat > 1:
            return f"a program of type {word} takes a context only, and is run once"
        return f"its context has another size than {len(ctx)} bytes, or is nothing for this kernel"
    if len(data) < _PACKET:
        return f"a packet has {_PACKET} bytes at least (an Ethernet header), this has {len(data)}"
    if ctx:
        return f"its context has another size than {len(ctx)} bytes, or sets what cannot be set"
    return None
