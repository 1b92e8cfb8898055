"""What the verifier knows of single bits: a tristate number, `var_off=(0x4; 0xf8)`.

``value`` holds the bits that are known to be 1, ``mask`` those that are not known. All others are
known to be 0, so no bit is ever in both (kernel/bpf/tnum.c):

    (0x4; 0xf8)   ..xxxxx100   4, 12, 20 ... 252: at most 252, and 4 more than a multiple of 8
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["UNKNOWN", "Tnum"]

_ALL = (1 << 64) - 1


class Tnum(NamedTuple):
    """Bits that are 1, and bits that nobody knows.

    >>> 12 in Tnum(4, 0xF8), 13 in Tnum(4, 0xF8), Tnum(4, 0xF8).highest
    (True, False, 252)
    """

    value: int
    mask: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number & _ALL & ~self.mask == self.value

    @property
    def lowest(self) -> int:
        """With all unknown bits 0."""
        return self.value

    @property
    def highest(self) -> int:
        """With all unknown bits 1."""
        return self.value | self.mask

    def at_least(self, number: int) -> int | None:
        """The smallest member that is not below ``number``; None when there is none.

        >>> Tnum(4, 0xF8).at_least(13), Tnum(4, 0xF8).at_least(253)
        (20, None)
        """
        if number <= self.value:
            return self.value
        if number in self:
            return number
        # Keep the upper bits of the number as they are, make one below them 1 that is 0 in it, and
        # let all below that be as small as they can. The lowest such bit makes the smallest member.
        for place in range(64):
            bit = 1 << place
            upper = (number >> place << place) | bit
            fits = (upper ^ self.value) & ~self.mask & ~(bit - 1) & _ALL == 0
            if not number & bit and fits:
                return upper | (self.value & (bit - 1))
        return None


UNKNOWN = Tnum(0, _ALL)
