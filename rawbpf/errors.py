"""Everything that rawbpf raises.

    RawbpfError                     what failed, why, what to do
    ├── UsageError                  an argument that cannot mean anything (ValueError)
    │   └── UnknownNameError        an object has nothing of that name (also a KeyError)
    ├── ClosedError                 you closed it yourself, then used it
    ├── BytecodeError               instructions that cannot be
    │   ├── DecodeError             bytes that are no instruction; names the offset
    │   └── AssemblyError           text that is no program; names file, line and column
    ├── CompileError                clang refused a C file; carries what it said
    ├── FormatError                 other bytes that are not what they claim: BTF, ELF, records
    ├── UnsupportedError            this machine, or rawbpf itself, does not have that
    ├── MachineError                the user-space machine stopped a program; names the instruction
    ├── GuestError                  the QEMU guest did not do its part
    └── KernelError                 a system call said no (also an OSError, with its errno)
        ├── MissingKeyError         the map has no such key (also a KeyError)
        ├── VerifierError           BPF_PROG_LOAD refused the program; carries log and explanation
        └── AttachError             the program is loaded, its probe is not there

``str(error)`` is one line for a person: what failed, why, and what to do about it.
``error.details`` is what ``-v`` adds: whole logs, bytes, the call.

>>> print(UsageError("the duration is 'soon'", fix="give seconds, such as 2 or 0.5"))
the duration is 'soon'; give seconds, such as 2 or 0.5
"""

from __future__ import annotations

import errno as errno_names
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.explanation import Explanation

__all__ = [
    "ENOTSUPP",
    "AssemblyError",
    "AttachError",
    "BytecodeError",
    "ClosedError",
    "CompileError",
    "DecodeError",
    "FormatError",
    "GuestError",
    "KernelError",
    "MachineError",
    "MissingKeyError",
    "RawbpfError",
    "UnknownNameError",
    "UnsupportedError",
    "UsageError",
    "VerifierError",
    "did_you_mean",
    "errno_name",
    "errno_words",
]


class RawbpfError(Exception):
    """Base class: ``what`` failed, ``why`` and the ``fix`` where known, and ``details``.

    ``explanation`` says more about a program or a map that the kernel rejected.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str | None = None,
        fix: str | None = None,
        details: str = "",
        explanation: Explanation | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.details = details
        self.explanation = explanation

    @property
    def headline(self) -> str:
        """What failed and why, without the fix."""
        return self.what if self.why is None else f"{self.what}: {self.why}"

    def __str__(self) -> str:
        return self.headline if self.fix is None else f"{self.headline}; {self.fix}"


class UsageError(RawbpfError, ValueError):
    """An argument that cannot mean anything, or names what cannot be read. Commands exit with 2."""


class UnknownNameError(UsageError, KeyError):
    """An object has no map, program or variable of that name."""


class ClosedError(RawbpfError):
    """The object was closed by its owner; nothing broke."""


class BytecodeError(RawbpfError):
    """Instructions that cannot be."""


class DecodeError(BytecodeError):
    """Bytes that are no instruction; ``offset`` is where, in bytes from the start."""

    def __init__(self, what: str, *, offset: int, why: str | None = None) -> None:
        super().__init__(what, why=why)
        self.offset = offset

    def __str__(self) -> str:
        return f"offset {self.offset:#x}: {super().__str__()}"


class AssemblyError(BytecodeError):
    """Text that is no program: ``file``, ``line`` and ``column`` (from 1), with a caret below."""

    def __init__(
        self, what: str, *, file: str, line: int, column: int, source: str, expected: str = ""
    ) -> None:
        super().__init__(what, fix=f"expected {expected}" if expected else None)
        self.file, self.line, self.column, self.source = file, line, column, source
        # Tabs stay tabs under the line, so that the caret lands where an editor shows the column.
        indent = "".join(c if c == "\t" else " " for c in source[: column - 1])
        self.details = f"    {source}\n    {indent}^"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {super().__str__()}"


class CompileError(RawbpfError):
    """clang refused a C file. ``output`` is what it said, as it said it."""

    def __init__(self, what: str, *, why: str | None = None, output: str = "") -> None:
        super().__init__(what, why=why, details=output.rstrip())
        self.output = output


class FormatError(RawbpfError):
    """Bytes that are not what they claim to be."""


class UnsupportedError(RawbpfError):
    """This machine, or rawbpf itself, does not have that."""


class MachineError(RawbpfError):
    """The user-space eBPF machine stopped a program. ``where``: at which instruction."""

    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {super().__str__()}" if self.where else super().__str__()


class GuestError(RawbpfError):
    """The QEMU guest did not do its part."""


def did_you_mean(name: str, known: Iterable[str], most: int = 2) -> str | None:
    """The fix for a name that is not among the known ones, if some are like it.

    >>> did_you_mean("count", ["counts", "events"]), did_you_mean("x", ["counts"])
    ('did you mean counts?', None)
    """
    from difflib import get_close_matches  # only the unlucky pay for it

    near = get_close_matches(name, list(known), n=most)
    return f"did you mean {' or '.join(near)}?" if near else None


ENOTSUPP = 524
"""An errno that never leaves the kernel in theory; bpf(2) returns it in practice."""


def errno_name(number: int) -> str:
    """The kernel's name for an errno.

    >>> errno_name(2), errno_name(95), errno_name(524)
    ('ENOENT', 'EOPNOTSUPP', 'ENOTSUPP')
    """
    return _OTHER_NAMES.get(number) or errno_names.errorcode.get(number, f"errno {number}")


_OTHER_NAMES = {95: "EOPNOTSUPP", 35: "EDEADLK", ENOTSUPP: "ENOTSUPP"}
"""Where Python picks the name that the kernel does not use, or has none."""


def errno_words(number: int) -> str:
    """An errno's name, and what it means.

    libc has no words for ENOTSUPP, so those of its better known twin are taken.

    >>> errno_words(1), errno_words(524)
    ('EPERM (Operation not permitted)', 'ENOTSUPP (Operation not supported)')
    """
    known = errno_names.EOPNOTSUPP if number == ENOTSUPP else number
    return f"{errno_name(number)} ({os.strerror(known)})"


class KernelError(RawbpfError, OSError):
    """A system call failed. ``errno`` is the kernel's, ``call`` names the call or the command.

    ``attr`` is the `Attr` that bpf(2) was given, until the error is turned into another one. It
    lets `rawbpf.refusals` repeat the call to find out what was wrong with it.
    """

    def __init__(
        self,
        what: str,
        *,
        errno: int,
        call: str = "",
        why: str | None = None,
        fix: str | None = None,
        details: str = "",
        explanation: Explanation | None = None,
        attr: object = None,
    ) -> None:
        RawbpfError.__init__(
            self,
            what,
            why=why or errno_words(errno),
            fix=fix,
            details=details,
            explanation=explanation,
        )
        self.errno = errno
        self.strerror = os.strerror(errno)
        self.call = call
        self.attr = attr

    __str__ = RawbpfError.__str__


class MissingKeyError(KernelError, KeyError):
    """The map has no such key."""

    def __init__(self, what: str, *, call: str = "BPF_MAP_LOOKUP_ELEM") -> None:
        super().__init__(what, errno=errno_names.ENOENT, call=call)
        self.why = None  # the words say it all


class VerifierError(KernelError):
    """The verifier rejected a program. ``log`` is its whole log.

    ``explanation`` says why, where, and what would help; ``cause`` is the verifier's own message.
    """

    explanation: Explanation

    def __init__(
        self, what: str, *, errno: int, log: str, explanation: Explanation, fix: str | None = None
    ) -> None:
        super().__init__(
            what,
            errno=errno,
            call="BPF_PROG_LOAD",
            why=explanation.headline,
            fix=fix,
            details=log.rstrip(),
            explanation=explanation,
        )
        self.log = log
        self.cause = explanation.cause


class AttachError(KernelError):
    """The program is loaded, but its probe could not be placed."""
