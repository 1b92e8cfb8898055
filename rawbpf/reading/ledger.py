"""The account of a session: every record that the program tried to send is in one of its columns.

    sent + lost              what the program counted, by what the helper returned
    delivered + damaged      what came out of the rings
    unaccounted              sent, but never seen: zero, or there is a bug here or in the kernel
    missed                   hits for which the kernel did not run the program at all (6.7+)

>>> ledger = Ledger([2, *[0] * 27, 3], missed=0)
>>> ledger.delivered = 2
>>> ledger.sent, ledger.lost, ledger.unaccounted
(2, {28: 3}, 0)
>>> ledger.lost_text()
'3 (ENOSPC: the ring was full)'
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import errno_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Ledger"]

_REASONS = {
    errno.ENOSPC: "the ring was full",
    errno.ENOENT: "a CPU without a ring: it came online later",
    errno.E2BIG: "a CPU beyond the map",
    errno.EBUSY: "nested too deep",
    errno.EOPNOTSUPP: "a ring of another CPU",
    errno.EINVAL: "no event for BPF output",
}
"""What bpf_perf_event_output means by its errnos."""


class Ledger:
    """Filled by the session while it reads (``delivered``, ``damaged``) and at its end."""

    __slots__ = ("damaged", "delivered", "hidden", "lost", "missed", "seconds", "sent")

    def __init__(self, outcomes: Sequence[int] = (0,), missed: int = 0) -> None:
        self.delivered = 0
        self.damaged = 0
        self.hidden = 0
        self.seconds = 0.0
        self.settle(outcomes, missed)

    def settle(self, outcomes: Sequence[int], missed: int) -> None:
        """Take over what the program and the kernel counted."""
        self.sent = outcomes[0]
        self.lost = {number: count for number, count in enumerate(outcomes) if number and count}
        self.missed = missed

    def settle_reported(self, lost: int) -> None:
        """Where no program counts: sent is what came, lost what perf rings reported.

        >>> ledger = Ledger()
        >>> ledger.delivered = 2
        >>> ledger.settle_reported(1)
        >>> ledger.unaccounted, ledger.lost_text()
        (0, '1 (ENOSPC: the ring was full)')
        """
        self.sent = self.delivered + self.damaged
        self.lost = {errno.ENOSPC: lost} if lost else {}

    @property
    def total_lost(self) -> int:
        """Records that the program could not send, for whatever reason."""
        return sum(self.lost.values())

    @property
    def unaccounted(self) -> int:
        """Records sent that were never read."""
        return self.sent - self.delivered - self.damaged

    @property
    def rate(self) -> float:
        """Delivered events a second."""
        return self.delivered / self.seconds if self.seconds > 0 else 0.0

    def lost_text(self) -> str:
        """The losses by cause, for people."""
        causes = (
            f"{errno_name(number)}: {_REASONS.get(number, 'see errno(3)')}" for number in self.lost
        )
        if len(self.lost) > 1:
            parts = zip(self.lost.values(), causes, strict=True)
            return f"{self.total_lost} (" + ", ".join(f"{n} {cause}" for n, cause in parts) + ")"
        return f"{self.total_lost}" + "".join(f" ({cause})" for cause in causes)

    def summary(self) -> str:
        """Say in one line what the session saw, and what it did not."""
        text = (
            f"{self.delivered} events delivered, {self.lost_text()} lost, {self.rate:.1f} events/s"
        )
        extra = (
            (self.missed, "calls missed: the kernel did not run the program"),
            (self.hidden, "below the log level"),
            (self.damaged, "damaged"),
            (self.unaccounted, "sent but never read"),
        )
        return text + "".join(f", {count} {what}" for count, what in extra if count)
