"""What a call owes to those before it: whether it was made already, and what came of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.narration.made import numbers_of

if TYPE_CHECKING:
    from rawbpf.narration.call import Call
    from rawbpf.narration.known import Known

__all__ = ["LookBack"]


class LookBack:
    """Questions about calls before ``call``; ``known`` is what was known when it was made."""

    def __init__(self, call: Call, known: Known) -> None:
        self._call, self._known = call, known
        self.attr = numbers_of(call)
        self.words = call.words

    @property
    def _before(self) -> Call | None:
        """The same command as it was made the last time, if that was for the same."""
        last = self._known.last.get(self._call.key)
        if last is None or len(last.blocks) < 2 or len(self._call.blocks) < 2:
            return None
        return last if last.blocks[1].before == self._call.blocks[1].before else None

    def failed_before(self, errno: str) -> bool:
        """Whether the same call has just failed with this errno."""
        return self._before is not None and self._before.errno == errno

    @property
    def refusal(self) -> str:
        """The errno with which the same program was refused the last time."""
        return self._before.errno if self._before is not None else ""

    @property
    def was_refused(self) -> bool:
        """Whether the same program has just been refused."""
        return bool(self.refusal)

    @property
    def log_before(self) -> int:
        """The size of the log that the last attempt had; 0 without one."""
        return numbers_of(self._before).get("log_size", 0) if self._before is not None else 0

    @property
    def log_was_full(self) -> bool:
        """Whether that log was too small, as far as its size tells."""
        return 0 < self.log_before < self.attr.get("log_size", 0)

    @property
    def asked_before(self) -> bool:
        """Whether the last info was asked of the same descriptor."""
        last = self._known.last.get(self._call.key)
        return last is not None and numbers_of(last).get("bpf_fd") == self.attr.get("bpf_fd")

    @property
    def probe_is_gone(self) -> bool:
        """Whether the last descriptor that was closed held a probe, and none is left."""
        kinds = {thing.kind for thing in self._known.things.values()}
        closed = self._known.last.get("close")
        label = closed.fds.get(closed.words[0], "") if closed is not None else ""
        return "probe:" in label and not any(kind.endswith("probe") for kind in kinds)

    @property
    def opened_disabled(self) -> bool:
        """Whether the event was opened with the bit ``disabled``; only the last one is known."""
        last = self._known.last.get("perf_event_open")
        return last is not None and bool(numbers_of(last).get("flags", 0) & 1)
