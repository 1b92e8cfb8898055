"""Account for the records of a session: delivered, damaged, lost, missed.

How much the ledger knows depends on the program.

A program that counts the return values of its helper calls, as all programs built with
``tracing.log_program`` do, accounts for every record that it tried to send. When the session has
ended and the counters are read:

    sent + lost          = what the program counted
    delivered + damaged  = what was read from the rings
    unaccounted          = sent - delivered - damaged: 0, or there is a bug

With any other program, ``sent`` is None and ``lost`` holds only what the kernel reports: perf rings
report losses with the next record that fits, so losses after the last record stay unknown. Ring
buffers (BPF_MAP_TYPE_RINGBUF) report no losses at all.

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
    errno.ENOENT: "the CPU has no ring: it came online later",
    errno.E2BIG: "the map has no entry for the CPU",
    errno.EBUSY: "too many nested records on the CPU",
    errno.EOPNOTSUPP: "the ring belongs to another CPU",
    errno.EINVAL: "the event is not for BPF output",
}
"""What the errnos of bpf_perf_event_output mean."""

_OTHER = 127
"""Programs count all larger errnos here."""


class Ledger:
    """Counts the records of one session.

    ``delivered`` and ``damaged`` grow while the session reads, and so does ``lost``, a number of
    records by errno, as far as the kernel reports losses. ``settle`` replaces the reported losses
    by the program's own counts. ``hidden``: delivered, but not shown. ``seconds``: the time spent
    reading. ``missed``: hits for which the kernel did not run the program, counted since 5.12 for
    most programs and since 6.7 for kprobes; 0 on older kernels.
    """

    __slots__ = ("damaged", "delivered", "hidden", "lost", "missed", "seconds", "sent")

    def __init__(self, outcomes: Sequence[int] | None = None, missed: int = 0) -> None:
        self.delivered = 0
        self.damaged = 0
        self.hidden = 0
        self.seconds = 0.0
        self.missed = missed
        self.sent: int | None = None
        self.lost: dict[int, int] = {}
        if outcomes is not None:
            self.settle(outcomes, missed)

    def add_reported(self, lost: int) -> None:
        """Add losses that the kernel reported in a perf ring.

        >>> ledger = Ledger()
        >>> ledger.delivered = 2
        >>> ledger.add_reported(1)
        >>> ledger.sent, ledger.unaccounted, ledger.lost_text()
        (None, 0, '1 (ENOSPC: the ring was full)')
        """
        if lost:
            self.lost[errno.ENOSPC] = self.lost.get(errno.ENOSPC, 0) + lost

    def settle(self, outcomes: Sequence[int], missed: int) -> None:
        """Set ``sent``, ``lost`` and ``missed`` to what the program and the kernel counted.

        ``outcomes[0]`` is the number of records sent, ``outcomes[n]`` the number of records lost
        because the helper returned -n.
        """
        self.sent = outcomes[0]
        self.lost = {number: count for number, count in enumerate(outcomes) if number and count}
        self.missed = missed

    @property
    def total_lost(self) -> int:
        """The number of records lost, for any reason."""
        return sum(self.lost.values())

    @property
    def unaccounted(self) -> int:
        """The number of records sent but never read; 0 if the program does not count them."""
        return 0 if self.sent is None else self.sent - self.delivered - self.damaged

    @property
    def rate(self) -> float:
        """Delivered records per second."""
        return self.delivered / self.seconds if self.seconds > 0 else 0.0

    def lost_text(self) -> str:
        """Describe the losses by cause, for people."""
        causes = map(_cause, self.lost)
        if len(self.lost) > 1:
            parts = zip(self.lost.values(), causes, strict=True)
            return f"{self.total_lost} (" + ", ".join(f"{n} {cause}" for n, cause in parts) + ")"
        return f"{self.total_lost}" + "".join(f" ({cause})" for cause in causes)

    def summary(self) -> str:
        """Summarize the session in one line."""
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


def _cause(number: int) -> str:
    if number == _OTHER:
        return "other errors"
    return f"{errno_name(number)}: {_REASONS.get(number, 'see errno(3)')}"
