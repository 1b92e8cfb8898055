"""From a call as it happens to a Call: what its words point to is read before and after.

Before the kernel has it, since a structure may be overwritten by the answer; after, for what the
kernel wrote. Only what the call really uses is read, as much as its attr says, and it is read so
that a wrong address yields nothing instead of a crash (``syscall.peek``).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from rawbpf.kernel.files import read_text
from rawbpf.narration.draft import Draft
from rawbpf.narration.known import Known
from rawbpf.narration.made import PINNED, made_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.narration.call import Call

__all__ = ["Capture"]

_PROBES = ("kprobe", "uprobe")
_KIND = re.compile(r"anon_inode:bpf[-_](map|prog|link)")


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
                call = call._replace(fds={**call.fds, result: self._label(call)})
            self._sink(call, self._known)
            self._known.learn(call)

        return returned

    def _label(self, call: Call) -> str:
        """What the new descriptor is. Of what was opened by its name, /proc knows the kind."""
        made = made_by(call)
        if made.kind == PINNED and (found := _KIND.search(self._known.label(call.result))):
            made = made._replace(kind=found[1])
        return made.label

    def _probe_types(self) -> dict[int, str]:
        """The numbers that this kernel gave to the PMUs of kprobes and uprobes."""
        if self._pmus is None:
            files = {one: f"/sys/bus/event_source/devices/{one}/type" for one in _PROBES}
            texts = {one: read_text("/", file) for one, file in files.items()}
            self._pmus = {int(text): one for one, text in texts.items() if text}
        return self._pmus
