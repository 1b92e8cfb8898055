"""A failed bpf(2) call, which can be repeated with some fields changed.

EINVAL does not reveal which field is invalid. To find the field, rawbpf repeats the call with one
field changed. If the changed call succeeds, the field was the reason, and the change is the fix.
Objects that a repeated call creates are closed immediately.

If the kernel now writes a log or returns another errno, the program has passed the check that it
failed before.
"""

from __future__ import annotations

import errno
from functools import cached_property
from typing import Any, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.narration.capture.pointers import pointers
from rawbpf.narration.tell.values import named, quoted
from rawbpf.syscall.bpf import command
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr, enter
from rawbpf.syscall.peek import peek_text
from rawbpf.uapi.bpf import bpf_cmd

__all__ = ["Answer", "FailedCall"]

_ALWAYS = {
    bpf_cmd.BPF_PROG_LOAD: ("prog_type", "insn_cnt"),
    bpf_cmd.BPF_MAP_CREATE: ("map_type", "key_size", "value_size", "max_entries"),
    bpf_cmd.BPF_BTF_LOAD: ("btf_size",),
}
"""Fields that are displayed even if they are 0."""


_UNREAD = 16
"""A size for an attr that the kernel cannot copy."""


class Answer(NamedTuple):
    """The kernel's response to a changed call: the ``log``, and the ``errno`` (0 on success)."""

    errno: int
    log: str


class FailedCall:
    """The command and ``attr`` passed to bpf(2), and the ``errno`` that the call returned."""

    def __init__(self, cmd: bpf_cmd, attr: Attr[Any], errno: int) -> None:
        self.cmd, self.attr, self.errno = cmd, attr, errno

    @classmethod
    def of(cls, error: KernelError) -> FailedCall | None:
        """Return the call that raised an error, or None if the error does not contain the call."""
        if not isinstance(error.attr, Attr) or error.call not in bpf_cmd.__members__:
            return None
        return cls(bpf_cmd[error.call], error.attr, error.errno or 0)

    def __getitem__(self, field: str) -> int:
        """Return the numeric value of a field."""
        return int(getattr(self.attr.struct, field))

    def name(self, field: str, number: int | None = None) -> str:
        """Return the name of a field's value, or of ``number`` if that is given instead."""
        value = self[field] if number is None else number
        return named(type(self.attr.struct), field, value, self._numbers)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        fields = [entry[0] for entry in self.attr.struct._fields_]
        values = {one: getattr(self.attr.struct, one) for one in fields}
        return {one: value for one, value in values.items() if isinstance(value, int)}

    @property
    def text(self) -> str:
        """The call as text, with the fields that are set, and constants by their C names."""
        shown = []
        hidden = pointers(type(self.attr.struct), self.cmd).keys() - {"license"}
        for field, _ in self.attr.struct._fields_:
            value = getattr(self.attr.struct, field)
            if field in hidden or not (value or field in _ALWAYS.get(self.cmd, ())):
                continue
            shown.append(f"{field}={self._text(field, value)}")
        return f"{self.cmd.name}: {', '.join(shown)}"

    def _text(self, field: str, value: int | bytes) -> str:
        if isinstance(value, bytes):
            return quoted(value)
        return quoted(peek_text(value, 128)) if field == "license" else self.name(field)

    def repeat(self, **changes: int | bytes) -> Answer:
        """Repeat the call with changed fields, and return the kernel's response."""
        attr = self.attr.changed(changes)
        try:
            Fd(command(self.cmd, attr), "trial").close()
        except KernelError as error:
            return Answer(error.errno or 0, self._log(attr))
        return Answer(0, "")

    def is_denied_unread(self) -> bool:
        """Return whether the command is denied before the kernel reads its arguments.

        bpf(2) with a NULL attr fails with EFAULT unless a seccomp filter intercepts the call: the
        kernel consults security modules only after it has copied the attr.
        """
        try:
            enter("bpf", self.cmd, 0, _UNREAD)
        except KernelError as error:
            return error.errno in (errno.EPERM, errno.EACCES)
        return False

    def _log(self, attr: Attr[Any]) -> str:
        prefix = "btf_log" if self.cmd == bpf_cmd.BPF_BTF_LOAD else "log"
        address = getattr(attr.struct, f"{prefix}_buf", 0)
        size = getattr(attr.struct, f"{prefix}_size", 0)
        return peek_text(address, size).decode(errors="backslashreplace") if address else ""

    def accepts(self, **changes: int | bytes) -> bool:
        """Return whether the call succeeds after the change.

        For a program, it is sufficient that the verifier starts.
        """
        if self.cmd != bpf_cmd.BPF_PROG_LOAD:
            return not self.repeat(**changes).errno
        room: dict[str, int | bytes] = {"log_buf": bytes(1 << 16), "log_size": 1 << 16}
        answer = self.repeat(**{**room, "log_level": 1, **changes})
        return not answer.errno or bool(answer.log)
