"""A builder for writing programs in Python that reads like assembly.

Every method appends one instruction to the program. Operands are checked immediately, so an error's
traceback points to the line with the mistake. Every instruction records the source line that
emitted it.

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

Code generators can reserve registers and stack memory for the duration of a ``with`` block instead
of assigning them by hand:

>>> b = Builder("scopes")
>>> with b.register("context") as context, b.stack(4, 4) as key, b.stack(8) as value:
...     context, key, value
(r6, r10[-4], r10[-16])
"""

from __future__ import annotations

from contextlib import contextmanager

from rawbpf.asm.build_memory import Atomics, Loads
from rawbpf.asm.build_values import Arithmetic, Constants
from rawbpf.asm.emitter import Flow, caller
from rawbpf.asm.register import Memory, Register, r6, r7, r8, r9, r10
from rawbpf.errors import BytecodeError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi.bpf_insn import MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.instruction import Source

__all__ = ["Builder"]

_PRESERVED = (r6, r7, r8, r9)
_ALIGNMENTS = (1, 2, 4, 8)
"""r10 is only guaranteed to be a multiple of 8, so the stack does not support larger alignments."""


class _Holder(NamedTuple):
    """A ``with`` block that has reserved a register or memory, and the block's first line."""

    name: str
    source: Source | None

    def __str__(self) -> str:
        return f"{self.name} ({self.source})" if self.name else str(self.source)


class _Slot(NamedTuple):
    """A reserved stack range: ``size`` bytes starting at r10 - ``depth``."""

    depth: int
    size: int
    holder: _Holder

    def __str__(self) -> str:
        return f"{self.size} bytes: {self.holder}"


def _rounded_up(number: int, align: int) -> int:
    return -(-number // align) * align


class Builder(Arithmetic, Constants, Loads, Atomics, Flow):
    """A program under construction; each base class provides one kind of instruction.

    ``Arithmetic`` has mov, add, ... bswap; ``Constants`` lddw, ld_map_fd, ...; ``Loads`` ldxw,
    stxdw, ...; ``Atomics`` atomic_add, xchg, ...; ``Flow`` jeq, ... call, exit.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._registers: dict[Register, _Holder] = {}
        self._slots: list[_Slot] = []

    def function(self, name: str) -> None:
        """Start a new function of this program; the function's name is also a label.

        Raises BytecodeError inside a ``register`` or ``stack`` block, because each function has its
        own registers and stack frame.
        """
        held = [*self._registers.values(), *(one.holder for one in self._slots)]
        if held:
            why = f"the caller's {held[0]} is still in scope"
            raise BytecodeError(f"function {name!r} cannot start here", why=why)
        super().function(name)

    @contextmanager
    def register(self, name: str = "") -> Iterator[Register]:
        """Reserve one of r6-r9, which are preserved across calls, until the ``with`` block exits.

        ``name`` appears in the error message if no register is free. The builder does not track
        registers that are used without being reserved, so a function should either reserve all of
        its registers or none.
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
        """Reserve ``size`` bytes of uninitialized stack memory until the ``with`` block exits.

        ``align`` is 1, 2, 4 or 8. The memory can be reserved again once the block exits. Raises
        BytecodeError if the 512-byte stack frame does not have enough free space.
        """
        if size < 1 or align not in _ALIGNMENTS:
            fix = "use a positive size, and an alignment of 1, 2, 4 or 8"
            raise BytecodeError(f"cannot reserve {size} bytes aligned to {align}", fix=fix)
        depth = self._depth(size, align)
        if depth > MAX_BPF_STACK:
            what = f"no room for {size} bytes" + (f" of {name!r}" if name else "") + " on the stack"
            used = "; ".join(map(str, self._slots)) or "nothing else"
            why = f"{used} of the frame's {MAX_BPF_STACK} bytes are in use"
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
        """Set dst to a memory operand's address (in two instructions if the offset is not 0)."""
        self.mov(dst, memory.base)
        if memory.offset:
            self.add(dst, memory.offset)

    def zero(self, memory: Memory, size: int) -> None:
        """Zero ``size`` bytes of memory with as few stores as the alignment allows.

        The base register is assumed to be a multiple of 8, like r10.
        """
        stores = {8: self.stdw, 4: self.stw, 2: self.sth, 1: self.stb}
        while size > 0:
            width = next(n for n in stores if n <= size and memory.offset % n == 0)
            stores[width](memory, 0)
            memory, size = memory + width, size - width
