"""Print each call when it returns, together with the reason why it was made.

The reason is a sentence from the tables `reasons_bpf` and `reasons_other`. It is taken from the
first row that has the call's key and a true condition. Conditions depend only on the call itself,
the kinds of descriptors that the call uses, and earlier calls. The sentences are therefore true for
any program that makes the same calls. For a command without a row, the reason is the purpose given
in ``uapi.bpf_commands``.

>>> import io, os
>>> from rawbpf.syscall.fd import Fd
>>> out = io.StringIO()
>>> with narrated(out.write), Fd(os.open("/dev/null", os.O_RDONLY), "null"):
...     pass
>>> print(out.getvalue())  # doctest: +ELLIPSIS
close(...</dev/null>) = 0 <0.0...>
    # This descriptor is no longer needed.
<BLANKLINE>
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawbpf.narration.capture.recorder import Recorder
from rawbpf.narration.tell.line import format_call
from rawbpf.narration.tell.reasons_bpf import BPF
from rawbpf.narration.tell.reasons_other import OTHER
from rawbpf.narration.tell.view import CallView
from rawbpf.syscall.gate import watched
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.narration.capture.call import Call
    from rawbpf.narration.capture.known import Known

__all__ = ["REASONS", "narrated", "reason"]

REASONS = (*BPF, *OTHER)
"""All rows, in the order in which they are tried."""


@contextmanager
def narrated(write: Callable[[str], object], mode: str = "line") -> Iterator[None]:
    """Write each call made inside the block; ``mode`` is line, full or json."""
    form = _form(mode)

    def sink(call: Call, known: Known) -> None:
        write(form(call, known))

    with watched(Recorder(sink)):
        yield


def _form(mode: str) -> Callable[[Call, Known], str]:
    """Return the function that formats a call; its module is imported only when it is needed."""
    if mode == "json":
        from rawbpf.narration.tell.json_line import encode

        return lambda call, known: encode(call, reason(call, known)) + "\n"
    tell = _Narrator()
    if mode == "full":
        from rawbpf.narration.tell.dump import dump

        return lambda call, known: f"{tell(call, known)}{dump(call)}\n"
    return tell


class _Narrator:
    """Format the call with its duration and reason.

    A reason is omitted if it repeats the previous one.
    """

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, call: Call, known: Known) -> str:
        line = f"{format_call(call)} <{call.seconds:.6f}>\n"
        why = f"    # {reason(call, known)}\n"
        if why == self._said:
            return line
        self._said = why
        return line + why


def reason(call: Call, known: Known) -> str:
    """Return the sentence for a call, based on what was learned from earlier calls."""
    view = CallView(call, known)
    for row in REASONS:
        if _matches(call.key, row.key) and row.when(view):
            return row.sentence.format_map(_Names(view))
    if call.command in bpf_cmd.__members__:
        return f"This {COMMANDS[bpf_cmd[call.command]].purpose}."
    return "rawbpf does not know this call."


def _matches(key: str, row: str) -> bool:
    return key == row or (row.startswith("GET_") and key.endswith(row))


class _Names:
    """Makes a view's attributes available to str.format_map."""

    def __init__(self, view: CallView) -> None:
        self._view = view

    def __getitem__(self, name: str) -> object:
        return getattr(self._view, name)
