"""The gate through which all of rawbpf's system calls pass, and the attr that bpf(2) takes.

libc has no wrappers for bpf(2) and perf_event_open(2), so they are called through syscall(2), which
takes a number and up to six words and returns one word, or -1 and errno. All other system calls are
made in the same way, so that observers see every call and tests can replace the kernel in one
place. Without observers, enter() calls the kernel directly.

This module relies on two properties of ctypes: a call through CDLL releases the GIL, and
``use_errno=True`` keeps errno per thread, so no other code can overwrite it.

>>> from rawbpf.syscall.gate import enter, replaced
>>> with replaced(lambda name, *words: -1):   # a kernel whose calls fail with EPERM
...     try:
...         enter("bpf", 5, 0, 0)
...     except OSError as error:
...         print(error)
bpf: EPERM (Operation not permitted)

bpf(2) takes its arguments in an attr, which consists of a structure and the buffers it points to.
A class is needed for the attr because of two rules:

- The kernel fails with E2BIG if fields that it does not know are not 0, so the size that is passed
  ends with the last field that the command uses.
- The attr contains addresses, and an address does not keep a Python object alive. The attr
  therefore keeps all buffers alive until the call has returned.

>>> from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
>>> attr = Attr(BpfAttrMapCreate(map_type=2, key_size=4, value_size=8, max_entries=1))
>>> attr.ends_at("map_flags").size
20
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rawbpf.arch import native
from rawbpf.errors import KernelError
from rawbpf.light_typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self, TypeAlias

__all__ = [
    "Attr",
    "Buffer",
    "Kernel",
    "Observer",
    "Watcher",
    "buffer",
    "enter",
    "observed",
    "replaced",
    "watched",
]

Kernel = Callable[..., int]
"""The callable receives (name, *words).

Like the kernel, it returns either the result or a negative errno."""

Observer = Callable[[str, tuple[int, ...], int], None]
"""An observer is called with (name, words, result) after each call, in the caller's thread."""

Watcher = Callable[[str, tuple[int, ...]], Callable[[int], object]]
"""A watcher is called with (name, words) before each call.

The watcher returns a function, which is called with the result."""


def _real_kernel() -> Kernel:
    """Return a function that calls syscall(2) with the system call numbers of this architecture."""
    numbers = native().syscalls
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    # A system call takes six arguments of type long. If the argument types were not fixed, ctypes
    # would pass an int as 32 bits, which truncates pointers.
    syscall.argtypes = [ctypes.c_long] * 7
    syscall.restype = ctypes.c_long

    def kernel(name: str, *words: int) -> int:
        result: int = syscall(numbers[name], *words, *(0,) * (6 - len(words)))
        return result if result != -1 else -ctypes.get_errno()

    return kernel


def _bind(name: str, *words: int) -> int:
    """Look up syscall(2) on first use, so that importing this module does not load libc."""
    global _kernel  # noqa: PLW0603 -- one process, one kernel
    if _kernel is _bind:
        _kernel = _real_kernel()
        _compose()
    return _kernel(name, *words)


_kernel: Kernel = _bind
_watchers: tuple[Watcher, ...] = ()
_call: Kernel = _bind
"""The function that enter() calls, which is the kernel, or _watched_call if there are watchers."""


def enter(name: str, *words: int) -> int:
    """Make a system call and return its result.

    Raises KernelError with the errno if the call fails.
    """
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
    """Call ``watcher`` before and after every system call made inside the block."""
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
    """Call ``observer`` after every system call made inside the block."""
    with watched(lambda name, words: lambda result: observer(name, words, result)):
        yield


@contextmanager
def replaced(kernel: Kernel) -> Iterator[None]:
    """Route every system call made inside the block to ``kernel``.

    Tests use this function to produce errors that are hard to provoke.
    """
    global _kernel  # noqa: PLW0603 -- see _bind()
    before, _kernel = _kernel, kernel
    _compose()
    try:
        yield
    finally:
        _kernel = before
        _compose()


S = TypeVar("S", bound=ctypes.Structure)

Buffer: TypeAlias = "ctypes.Array[ctypes.c_char]"
"""Memory that the kernel can write to. ``.value`` contains the bytes before the first zero byte."""


def buffer(size: int) -> Buffer:
    """Return a buffer of ``size`` zero bytes."""
    return ctypes.create_string_buffer(size)


class Attr(Generic[S]):
    """A structure, and the buffers to which it points."""

    __slots__ = ("_kept", "size", "struct")

    def __init__(self, struct: S) -> None:
        self.struct = struct
        self.size = ctypes.sizeof(struct)
        self._kept: list[object] = []

    def ends_at(self, field: str) -> Self:
        """Set the size to the end of ``field``, or to the end of the last nonzero field."""
        used = getattr(type(self.struct), field)
        end = used.offset + used.size
        raw = bytes(self.struct)
        self.size = max(end, _last_used(type(self.struct), raw))
        return self

    def point(self, field: str, data: bytes | Buffer) -> Self:
        """Set ``field`` to the address of ``data``, and keep ``data`` alive."""
        kept = ctypes.create_string_buffer(data, len(data)) if isinstance(data, bytes) else data
        setattr(self.struct, field, ctypes.addressof(kept))
        self._kept.append(kept)
        return self

    def changed(self, fields: Mapping[str, int | bytes]) -> Attr[S]:
        """Return a copy in which some values are replaced.

        Bytes become buffers. The copy keeps all buffers alive.
        """
        copy = Attr(type(self.struct).from_buffer_copy(self.struct))
        copy._kept = list(self._kept)
        for field, value in fields.items():
            if isinstance(value, bytes):
                copy.point(field, value)
            else:
                setattr(copy.struct, field, value)
        copy.size = max(self.size, _last_used(type(copy.struct), bytes(copy.struct)))
        return copy

    @property
    def address(self) -> int:
        """The address of the structure, which is valid as long as this object exists."""
        return ctypes.addressof(self.struct)


def _last_used(kind: type[ctypes.Structure], raw: bytes) -> int:
    """Return the end of the last nonzero field."""
    end = 0
    for entry in kind._fields_:
        field = getattr(kind, entry[0])
        if any(raw[field.offset : field.offset + field.size]):
            end = field.offset + field.size
    return end
