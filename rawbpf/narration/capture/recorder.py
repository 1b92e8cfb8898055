"""An observer of the gate that turns each system call into a Call object.

The memory that a call's words point to is read twice: before the call, since the kernel may
overwrite it, and after the call, to obtain the results. Only memory that the call uses is read,
limited to the size that the attr specifies, and in a way that cannot crash on an invalid address
(``syscall.peek``).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import read_text
from rawbpf.narration.capture.draft import Draft
from rawbpf.narration.capture.known import PINNED, Known, made_by, pinned_kind
from rawbpf.syscall.gate import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.narration.capture.call import Call

__all__ = ["Recorder", "recorded"]

_PROBES = ("kprobe", "uprobe")


class Recorder:
    """Pass each call to ``sink``, together with what was learned from earlier calls."""

    def __init__(self, sink: Callable[[Call, Known], None]) -> None:
        self._sink = sink
        self._known = Known()
        self._pmus: dict[int, str] | None = None

    def __call__(self, name: str, words: tuple[int, ...]) -> Callable[[int], None]:
        """Observe a call before it is made, and return a function that takes the result."""
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
        """Return the label of a new descriptor.

        For a pinned object, the type is determined from /proc.
        """
        made = made_by(call)
        if made.kind == PINNED:
            made = made._replace(kind=pinned_kind(self._known.label(call.result)))
        return made.label

    def _probe_types(self) -> dict[int, str]:
        """Return this kernel's PMU numbers for kprobes and uprobes, mapped to their names."""
        if self._pmus is None:
            files = {one: f"/sys/bus/event_source/devices/{one}/type" for one in _PROBES}
            texts = {one: read_text("/", file) for one, file in files.items()}
            self._pmus = {int(text): one for one, text in texts.items() if text}
        return self._pmus


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Record every call made inside the block in a list."""
    calls: list[Call] = []
    with watched(Recorder(lambda call, _: calls.append(call))):
        yield calls
