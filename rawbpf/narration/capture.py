"""From a call as it happens to a Call: what its words point to is read before and after.

Before the kernel has it, since a structure may be overwritten by the answer; after, for what the
kernel wrote. Only what the call really uses is read, as much as its attr says, and it is read so
that a wrong address yields nothing instead of a crash (``syscall.peek``).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rawbpf.kernel.files import read_text
from rawbpf.narration.draft import Draft
from rawbpf.narration.known import Known, made_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.narration.call import Call

__all__ = ["Capture"]

_PROBES = ("kprobe", "uprobe")


class Capture:
    """A watcher of the gate that hands each call to ``sink``, with what was known before it."""

    def __init__(self, sink: Callable[[Call, Known], None]) -> None:
        self._sink = sink
        self._known = Known()
        self._pmus: dict[int, str] | None = None

    def __call__(self, name: str, words: tuple[int, ...]) -> Callable[[int], None]:
        """Before the call; what is returned, after it."""
        draft = Draft(self._known, self._probe_types)
        draft.read(name, words)
        started = time.perf_counter_ns()

        def returned(result: int) -> None:
            seconds = (time.perf_counter_ns() - started) / 1e9
            call = draft.finish(name, words, result, seconds)
            if call.makes_fd:
                call = call._replace(fds={**call.fds, result: made_by(call).label})
            self._sink(call, self._known)
            self._known.learn(call)

        return returned

    def _probe_types(self) -> dict[int, str]:
        """The numbers that this kernel gave to the PMUs of kprobes and uprobes."""
        if self._pmus is None:
            files = {one: f"/sys/bus/event_source/devices/{one}/type" for one in _PROBES}
            texts = {one: read_text("/", file) for one, file in files.items()}
            self._pmus = {int(text): one for one, text in texts.items() if text}
        return self._pmus
