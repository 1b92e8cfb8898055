"""A fake kernel with scripted results, to test errors that cannot be provoked on a real one."""

import ctypes
import errno as errnos
from collections import deque

from rawbpf.uapi.bpf import bpf_cmd


class FakeKernel:
    """Answer bpf(2) from ``script[command]``, a list of results. Record all calls and closes.

    A result is a number (an fd or a negative errno), or a callable that gets the attr's address.
    """

    def __init__(self, **script):
        self.script = {name: deque(results) for name, results in script.items()}
        self.calls = []
        self.closed = []

    def __call__(self, name, *words):
        if name == "close":
            self.closed.append(words[0])
            return 0
        key = bpf_cmd(words[0]).name if name == "bpf" else name
        self.calls.append((key, words))
        results = self.script.get(key)
        if not results:
            return -errnos.ENOSYS
        result = results[0] if len(results) == 1 else results.popleft()
        return result(*words) if callable(result) else result

    def names(self):
        return [name for name, _ in self.calls]


def write_log(text: str, errno: int):
    """Return a BPF_PROG_LOAD that writes ``text`` to the log, truncated as the kernel does."""
    from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

    def answer(_cmd, address, _size):
        attr = BpfAttrProgLoad.from_address(address)
        if not attr.log_level:
            return -errno
        raw = text.encode() + b"\0"
        cut = raw[: attr.log_size]
        ctypes.memmove(attr.log_buf, cut[:-1] + b"\0", len(cut))
        return -errno if len(cut) == len(raw) else -errnos.ENOSPC

    return answer
