"""The builder: a program written in Python that reads like assembly.

Every method appends one instruction. Operands are checked at once, so the traceback of an error
points to the wrong line. Every instruction remembers the line that emitted it.

>>> from rawbpf.asm import Builder, r0, r1, r10, w1
>>> b = Builder("answer")
>>> b.ldxw(r1, r1[0])
>>> b.mov(r0, 0)
>>> b.jne(w1, 42, "out")
>>> b.mov(r0, 1)
>>> b.label("out")
>>> b.exit()
>>> answer = b.build()
>>> answer.slots, answer.encode().hex(" ", 8).split()[2]
(5, '560101002a000000')

Code generators reserve registers and stack memory for the length of a ``with`` block, instead of
choosing them by hand:

>>> b = Builder("scopes")
>>> with b.register("context") as context, b.stack(4, 4) as key, b.stack(8) as value:
...     context, key, value
(r6, r10[-4], r10[-16])
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.build_memory import Atomics, Loads
from rawbpf.asm.build_values import Arithmetic, Constants
from rawbpf.asm.emitter import Flow, caller
from rawbpf.asm.register import Memory, Register, r6, r7, r8, r9, r10
from rawbpf.errors import BytecodeError
from rawbpf.uapi.bpf_insn import MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.instruction import Source

__all__ = ["Builder"]

_PRESERVED = (r6, r7, r8, r9)
_ALIGNMENTS = (1, 2, 4, 8)
"""r10 is a multiple of 8, so the stack offers no larger alignment."""


class _Holder(NamedTuple):
    """A block that holds a register or part of the stack, and the line where it begins."""

    name: str
    source: Source | None

    def __str__(self) -> str:
        return f"{self.name} ({self.source})" if self.name else str(self.source)


class _Slot(NamedTuple):
    """Memory in use on the stack: ``size`` bytes from r10 - ``depth`` on."""

    depth: int
    size: int
    holder: _Holder

    def __str__(self) -> str:
        return f"{self.size} bytes: {self.holder}"


def _rounded_up(number: int, align: int) -> int:
    return -(-number // align) * align


class Builder(Arithmetic, Constants, Loads, Atomics, Flow):
    """A program under construction; each base class emits one kind of instruction.

    ``Arithmetic`` has mov, add, ... bswap; ``Constants`` lddw, ld_map_fd, ...; ``Loads`` ldxw,
    stxdw, ...; ``Atomics`` atomic_add, xchg, ...; ``Flow`` jeq, ... call, exit.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._registers: dict[Register, _Holder] = {}
        self._slots: list[_Slot] = []

    def function(self, name: str) -> None:
        """Begin a function of this program; its name is also a label.

        Raise BytecodeError inside a block of ``register`` or ``stack``: a function has registers
        and a stack frame of its own.
        """
        held = [*self._registers.values(), *(one.holder for one in self._slots)]
        if held:
            why = f"the caller's {held[0]} is still in scope"
            raise BytecodeError(f"function {name!r} cannot begin here", why=why)
        super().function(name)

    @contextmanager
    def register(self, name: str = "") -> Iterator[Register]:
        """Reserve one of r6-r9, which calls preserve, until the end of the block.

        ``name`` appears in the error when no register is free. Registers that are used without
        being reserved are not known here: use one way or the other in a function.
        """
        register = next((one for one in _PRESERVED if one not in self._registers), None)
        if register is None:
            held = ", ".join(f"{one} {holder}" for one, holder in self._registers.items())
            what = f"no register is free for {name!r}" if name else "no register is free"
            raise BytecodeError(what, why=f"in use: {held}", fix="store a value on the stack")
        self._registers[register] = _Holder(name, caller())
        try:
            yield register
        finally:
            del self._registers[register]

    @contextmanager
    def stack(self, size: int, align: int = 8, *, name: str = "") -> Iterator[Memory]:
        """Reserve ``size`` bytes of the stack until the end of the block; they are uninitialized.

        ``align`` is 1, 2, 4 or 8. The memory is reused after the block. Raise BytecodeError if the
        stack frame of 512 bytes has no room.
        """
        if size < 1 or align not in _ALIGNMENTS:
            fix = "use a positive size, and an alignment of 1, 2, 4 or 8"
            raise BytecodeError(f"cannot reserve {size} bytes aligned to {align}", fix=fix)
        depth = self._depth(size, align)
        if depth > MAX_BPF_STACK:
            what = f"the stack has no room for {size} bytes" + (f" of {name!r}" if name else "")
            used = "; ".join(map(str, self._slots)) or "nothing else"
            why = f"a frame has {MAX_BPF_STACK} bytes; in use: {used}"
            raise BytecodeError(what, why=why, fix="use a per-CPU array map as scratch memory")
        slot = _Slot(depth, size, _Holder(name, caller()))
        self._slots.append(slot)
        try:
            yield r10 - depth
        finally:
            self._slots.remove(slot)

    def _depth(self, size: int, align: int) -> int:
        """Return the smallest distance below r10 at which ``size`` bytes are free."""
        depth = 0
        for used in sorted(self._slots, key=lambda one: one.depth):
            if _rounded_up(depth + size, align) <= used.depth - used.size:
                break
            depth = used.depth
        return _rounded_up(depth + size, align)

    def address(self, dst: Register, memory: Memory) -> None:
        """``dst = &memory``: one instruction, or two if its offset is not 0."""
        self.mov(dst, memory.base)
        if memory.offset:
            self.add(dst, memory.offset)

    def zero(self, memory: Memory, size: int) -> None:
        """Write zeroes to ``size`` bytes of memory, with as few stores as alignment allows.

        The base register is assumed to be a multiple of 8, as r10 is.
        """
        stores = {8: self.stdw, 4: self.stw, 2: self.sth, 1: self.stb}
        while size > 0:
            width = next(n for n in stores if n <= size and memory.offset % n == 0)
            stores[width](memory, 0)
            memory, size = memory + width, size - width
