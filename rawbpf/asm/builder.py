"""Writing a program in Python that reads like assembly.

Each method appends one instruction; its operands are checked at once, so that the traceback points
at the line that is wrong. Every instruction remembers the line that emitted it.

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

from rawbpf.asm.build_arithmetic import Arithmetic
from rawbpf.asm.build_atomic import Atomics
from rawbpf.asm.build_constant import Constants
from rawbpf.asm.build_flow import Flow
from rawbpf.asm.build_memory import Loads

__all__ = ["Builder"]


class Builder(Arithmetic, Flow, Loads, Constants, Atomics):
    """A program in the making: see the five files of its methods.

    ``build_arithmetic`` mov add sub ... bswap; ``build_flow`` jeq ... call exit; ``build_memory``
    ldxw stxdw ...; ``build_constant`` lddw ld_map_fd ...; ``build_atomic`` atomic_add xchg ...
    """
