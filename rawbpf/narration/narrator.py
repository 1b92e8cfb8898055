"""Tells each call as it returns: line, reason, and more if asked.

>>> import io, os
>>> from rawbpf.syscall.fd import Fd
>>> out = io.StringIO()
>>> with narrated(out.write), Fd(os.open("/dev/null", os.O_RDONLY), "null"):
...     pass
>>> print(out.getvalue())  # doctest: +ELLIPSIS
close(...</dev/null>) = 0 <0.0...>
    # We need this descriptor no longer.
<BLANKLINE>
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawbpf.narration.capture import Capture
from rawbpf.narration.line import format_call
from rawbpf.narration.reasons import reason
from rawbpf.syscall.gate import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.narration.call import Call
    from rawbpf.narration.known import Known

__all__ = ["narrated", "recorded"]


class _Teller:
    """The call and the time that it took, then why it was made, if that was not just said."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, call: Call, known: Known) -> str:
        line = f"{format_call(call)} <{call.seconds:.6f}>\n"
        why = f"    # {reason(call, known)}\n"
        if why == self._said:
            return line
        self._said = why
        return line + why


@contextmanager
def narrated(write: Callable[[str], object], mode: str = "line") -> Iterator[None]:
    """Write of each call made inside the block what ``mode`` asks for: line, full, json."""
    form = _form(mode)

    def sink(call: Call, known: Known) -> None:
        write(form(call, known))

    with watched(Capture(sink)):
        yield


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Keep each call made inside the block."""
    calls: list[Call] = []
    with watched(Capture(lambda call, _: calls.append(call))):
        yield calls


def _form(mode: str) -> Callable[[Call, Known], str]:
    """Only what is asked for is imported."""
    if mode == "json":
        from rawbpf.narration.record import encode

        return lambda call, known: encode(call, reason(call, known)) + "\n"
    tell = _Teller()
    if mode == "full":
        from rawbpf.narration.dump import dump

        return lambda call, known: f"{tell(call, known)}{dump(call)}\n"
    return tell
