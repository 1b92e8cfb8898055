"""The gate: the one place where rawbpf enters the kernel.

libc has no wrappers for bpf(2) and perf_event_open(2), so they are called through syscall(2), which
takes a number and up to six words and returns one word, or -1 and errno. All other calls are made
the same way, so that observers see every call and tests can replace the kernel in one place.
Without observers, enter() calls the kernel directly.

This relies on two properties of ctypes: a call through CDLL releases the GIL, and
``use_errno=True`` keeps errno per thread, so no other code can overwrite it.

>>> from rawbpf.syscall.gate import enter, replaced
>>> with replaced(lambda name, *words: -1):   # a kernel whose calls fail with EPERM
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
"""Called with (name, *words). Returns the result or a negative errno, as the kernel does."""

Observer = Callable[[str, tuple[int, ...], int], None]
"""Called with (name, words, result) after each call, in the thread that made it."""

Watcher = Callable[[str, tuple[int, ...]], Callable[[int], object]]
"""Called with (name, words) before each call. Returns a function to call with the result."""


def _real_kernel() -> Kernel:
    """Return a function for syscall(2) with the numbers of this architecture."""
    numbers = native().syscalls
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    # A system call takes six longs. Without fixed types, ctypes would pass an int as 32 bits, which
    # truncates pointers.
    syscall.argtypes = [ctypes.c_long] * 7
    syscall.restype = ctypes.c_long

    def kernel(name: str, *words: int) -> int:
        result: int = syscall(numbers[name], *words, *(0,) * (6 - len(words)))
        return result if result != -1 else -ctypes.get_errno()

    return kernel


def _bind(name: str, *words: int) -> int:
    """Bind the kernel at the first call, so that importing this module does not load libc."""
    global _kernel  # noqa: PLW0603 -- one process, one kernel
    if _kernel is _bind:
        _kernel = _real_kernel()
        _compose()
    return _kernel(name, *words)


_kernel: Kernel = _bind
_watchers: tuple[Watcher, ...] = ()
_call: Kernel = _bind
"""The function that enter() calls: the kernel, or _watched_call while there are watchers."""


def enter(name: str, *words: int) -> int:
    """Make a system call and return its result. Raise KernelError with the errno if it fails."""
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
    """Call ``watcher`` before and after every call made inside the block."""
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
    """Call ``observer`` after every call made inside the block."""
    with watched(lambda name, words: lambda result: observer(name, words, result)):
        yield


@contextmanager
def replaced(kernel: Kernel) -> Iterator[None]:
    """Route every call inside the block to ``kernel``, to test errors that are hard to provoke."""
    global _kernel  # noqa: PLW0603 -- see _bind()
    before, _kernel = _kernel, kernel
    _compose()
    try:
        yield
    finally:
        _kernel = before
        _compose()
