"""Start ``caller.py``, and find the kernel function of its system call."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from rawbpf.arch import native
from rawbpf.kernel.kallsyms import find_symbols


def getppid_function() -> str:
    """Return the function of getppid(2). It has no arguments, so it needs no wrapper."""
    for name in (native().syscall_function("getppid"), "__do_sys_getppid"):
        if find_symbols(name):
            return name
    raise AssertionError("no function for getppid in /proc/kallsyms")


class Caller:
    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self.pid = process.pid
        assert process.stdout.readline() == "ready\n"

    def call(self) -> None:
        """Let the process make its calls, and wait until it has made them."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextmanager
def caller(count: int, *cpus: int):
    script = Path(__file__).with_name("caller.py")
    command = [sys.executable, str(script), str(count), *map(str, cpus)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Caller(process)
        process.stdin.close()
