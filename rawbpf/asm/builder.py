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
"""

from __future__ import annotations

from rawbpf.asm.build_memory import Atomics, Loads
from rawbpf.asm.build_values import Arithmetic, Constants
from rawbpf.asm.emitter import Flow

__all__ = ["Builder"]


class Builder(Arithmetic, Constants, Loads, Atomics, Flow):
    """A program under construction; each base class has the methods for one kind of instruction.

    ``Arithmetic`` has mov, add, ... bswap; ``Constants`` lddw, ld_map_fd, ...; ``Loads`` ldxw,
    stxdw, ...; ``Atomics`` atomic_add, xchg, ...; ``Flow`` jeq, ... call, exit.
    """
