"""The gate: the one place where rawbpf enters the kernel.

libc has no wrappers for bpf(2) and perf_event_open(2), so both go through syscall(2), which takes
a number and up to six words and returns one: -1 and errno on failure. We make every call that way,
also those that libc would wrap, so that an observer sees all of them and a test can replace all
of them at one point. While nobody watches, watching costs nothing: enter() calls the kernel itself.

ctypes gives two promises that this file stands on: a call through CDLL releases the GIL, and
``use_errno=True`` swaps errno in and out per thread, so nothing in between can overwrite it.

>>> from rawbpf.syscall.gate import enter, replaced
>>> with replaced(lambda name, *words: -1):   # a kernel that answers EPERM
...     try:
...         enter("bpf", 5, 0, 0)
...     except OSError as error:
...         print(error)
bpf: EPERM (Operation not permitted)
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rawbpf.arch import native
from rawbpf.errors import KernelError

__all__ = ["Kernel", "Observer", "Watcher", "enter", "observed", "replaced", "watched"]

Kernel = Callable[..., int]
"""(name, *words) -> the result, or the negative errno: the kernel's own convention."""

Observer = Callable[[str, tuple[int, ...], int], None]
"""(name, words, result): called after each call, on the thread that made it."""

Watcher = Callable[[str, tuple[int, ...]], Callable[[int], object]]
"""(name, words): called before each call; what it returns is called with the result."""


def _real_kernel() -> Kernel:
    """Bind syscall(2) and the numbers of this architecture."""
    numbers = native().syscalls
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    # Six long words are what a Linux system call takes. Fixed types also spare ctypes from
    # guessing: an int that it guesses is 32 bits wide would cut a pointer in half.
    syscall.argtypes = [ctypes.c_long] * 7
    syscall.restype = ctypes.c_long

    def kernel(name: str, *words: int) -> int:
        result: int = syscall(numbers[name], *words, *(0,) * (6 - len(words)))
        return result if result != -1 else -ctypes.get_errno()

    return kernel


def _bind(name: str, *words: int) -> int:
    """The kernel before the first call, so that importing needs no libc."""
    global _kernel  # noqa: PLW0603 -- one process, one kernel
    if _kernel is _bind:
        _kernel = _real_kernel()
        _compose()
    return _kernel(name, *words)


_kernel: Kernel = _bind
_watchers: tuple[Watcher, ...] = ()
_call: Kernel = _bind
"""What enter() calls: the kernel itself, or, while somebody watches, what shows them the call."""


def enter(name: str, *words: int) -> int:
    """Make one system call; KernelError carries the errno when the kernel says no."""
    result = _call(name, *words)
    if result < 0:
        raise KernelError(name, errno=-result, call=name)
    return result


def _compose() -> None:
    global _call  # noqa: PLW0603 -- see _bind()
    _call = _watched_call if _watchers else _kernel


def _watched_call(name: str, *words: int) -> int:
    returned = [watcher(name, words) for watcher in _watchers]
    result = _kernel(name, *words)
    for tell in returned:
        tell(result)
    return result


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let ``watcher`` see every call made inside the block, before and after."""
    global _watchers  # noqa: PLW0603 -- see _bind()
    _watchers = (*_watchers, watcher)
    _compose()
    try:
        yield
    finally:
        _watchers = tuple(one for one in _watchers if one is not watcher)
        _compose()


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let ``observer`` see every call made inside the block, when it has returned."""
    with watched(lambda name, words: lambda result: observer(name, words, result)):
        yield


@contextmanager
def replaced(kernel: Kernel) -> Iterator[None]:
    """Let ``kernel`` answer every call made inside the block: for tests of what cannot be had."""
    global _kernel  # noqa: PLW0603 -- see _bind()
    before, _kernel = _kernel, kernel
    _compose()
    try:
        yield
    finally:
        _kernel = before
        _compose()
