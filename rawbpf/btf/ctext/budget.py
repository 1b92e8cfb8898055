"""A bound on the work that a blob can ask for.

An anonymous struct is written wherever it is used. A few hundred bytes of hostile BTF can
therefore describe gigabytes of C (32 structs, each with two members of the next one). No compiler
writes such BTF: all of the kernel's takes a step for every other of its words.
"""

from __future__ import annotations

from rawbpf.errors import FormatError

__all__ = ["Budget"]

_NEST = 64


class Budget:
    """Steps that may be taken, in proportion to the blob's size, and how deep.

    >>> Budget(0).spend(10_001)
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: this BTF describes more C than it can mean: types nest wildly
    """

    def __init__(self, words: int) -> None:
        self._left = 10_000 + 4 * words

    def spend(self, steps: int, depth: int = 0) -> None:
        """Count steps; FormatError when they are too many or too deep."""
        self._left -= steps
        if self._left < 0:
            raise FormatError("this BTF describes more C than it can mean", why="types nest wildly")
        if depth > _NEST:
            raise FormatError("circular or wildly nested BTF", why=f"{_NEST} types deep")
