"""Starts ``caller.py``, and knows what its system call is named in this kernel."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from rawbpf.arch import native
from rawbpf.kernel.kallsyms import find_symbols


def getppid_function() -> str:
    """The function behind getppid(2): it takes no arguments, so it has no wrapper of its own."""
    for name in (native().syscall_function("getppid"), "__do_sys_getppid"):
        if find_symbols(name):
            return name
    raise AssertionError("this kernel has no getppid to probe")


class Caller:
    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self.pid = process.pid
        assert process.stdout.readline() == "ready\n"

    def call(self) -> None:
        """Make the calls, and return when they are made."""
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
