"""The exceptions that rawbpf raises.

    RawbpfError                     what failed, why, and what to do about it
    ├── UsageError                  an invalid argument, or a file that cannot be read (ValueError)
    │   └── UnknownNameError        the object contains nothing of that name (also a KeyError)
    ├── ClosedError                 the object was used after it was closed
    ├── BytecodeError               invalid instructions
    │   ├── DecodeError             bytes that are not an instruction; names the offset
    │   └── AssemblyError           invalid assembly; names the file, line and column
    ├── CompileError                clang could not compile a C file; has clang's output
    ├── FormatError                 invalid or damaged data: BTF, ELF, records
    ├── UnsupportedError            this machine, this kernel or rawbpf lacks a feature
    ├── MachineError                the interpreter stopped a program; names the instruction
    ├── GuestError                  the QEMU guest failed
    └── KernelError                 a system call failed (also an OSError, with its errno)
        ├── MissingKeyError         the map does not contain the key (also a KeyError)
        ├── VerifierError           the verifier rejected a program; has its log and an explanation
        └── AttachError             a program could not be attached

``str(error)`` is a single line that says what failed, why, and what to do about it.
``error.details`` is longer text that is shown only with ``-v``, such as whole logs or the output of
other programs.

>>> print(UsageError("invalid duration: soon", fix="give seconds, such as 2 or 0.5"))
invalid duration: soon; give seconds, such as 2 or 0.5
"""

from __future__ import annotations

import errno as errno_names
import os

from rawbpf.light_typing import TYPE_CHECKING

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
    """The base class, with ``what`` failed, ``why``, the ``fix``, and ``details``.

    ``explanation`` explains why the kernel rejected a program or a map.
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
        """A text that says what failed and why, without the fix."""
        return self.what if self.why is None else f"{self.what}: {self.why}"

    def __str__(self) -> str:
        return self.headline if self.fix is None else f"{self.headline}; {self.fix}"


class UsageError(RawbpfError, ValueError):
    """An argument is invalid, or names a file that cannot be read.

    Commands then exit with status 2.
    """


class UnknownNameError(UsageError, KeyError):
    """An object contains no map, program or variable with the given name."""


class ClosedError(RawbpfError):
    """The object was used after its owner had closed it."""


class BytecodeError(RawbpfError):
    """Instructions are invalid."""


class DecodeError(BytecodeError):
    """Bytes that are not a valid instruction were decoded; ``offset`` is their position."""

    def __init__(self, what: str, *, offset: int, why: str | None = None) -> None:
        super().__init__(what, why=why)
        self.offset = offset

    def __str__(self) -> str:
        return f"offset {self.offset:#x}: {super().__str__()}"


class AssemblyError(BytecodeError):
    """Assembly is invalid at ``file``, ``line`` and ``column``, where numbers start at 1."""

    def __init__(
        self, what: str, *, file: str, line: int, column: int, source: str, expected: str = ""
    ) -> None:
        super().__init__(what, fix=f"expected {expected}" if expected else None)
        self.file, self.line, self.column, self.source = file, line, column, source
        # Tabs are preserved, so that the caret points to the column that an editor would show.
        indent = "".join(c if c == "\t" else " " for c in source[: column - 1])
        self.details = f"    {source}\n    {indent}^"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {super().__str__()}"


class CompileError(RawbpfError):
    """clang could not compile a C file. ``output`` contains clang's output."""

    def __init__(
        self, what: str, *, why: str | None = None, fix: str | None = None, output: str = ""
    ) -> None:
        super().__init__(what, why=why, fix=fix, details=output.rstrip())
        self.output = output


class FormatError(RawbpfError):
    """Data is damaged or not in the expected format."""


class UnsupportedError(RawbpfError):
    """This machine, this kernel or rawbpf lacks a feature."""


class MachineError(RawbpfError):
    """The interpreter stopped a program because of an error.

    ``where`` is the location of the instruction.
    """

    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {super().__str__()}" if self.where else super().__str__()


class GuestError(RawbpfError):
    """The QEMU guest could not be started, or failed."""


def did_you_mean(name: str, known: Iterable[str], most: int = 2) -> str | None:
    """Return a fix that suggests known names similar to ``name``, or None if there are none.

    >>> did_you_mean("count", ["counts", "events"]), did_you_mean("x", ["counts"])
    ('did you mean counts?', None)
    """
    from difflib import get_close_matches  # imported only after an error

    near = get_close_matches(name, list(known), n=most)
    return f"did you mean {' or '.join(near)}?" if near else None


ENOTSUPP = 524
"""A kernel-internal error code that bpf(2) nevertheless returns. It differs from EOPNOTSUPP."""


def errno_name(number: int) -> str:
    """Return the kernel's name for an errno.

    >>> errno_name(2), errno_name(95), errno_name(524)
    ('ENOENT', 'EOPNOTSUPP', 'ENOTSUPP')
    """
    return _OTHER_NAMES.get(number) or errno_names.errorcode.get(number, f"errno {number}")


_OTHER_NAMES = {95: "EOPNOTSUPP", 35: "EDEADLK", ENOTSUPP: "ENOTSUPP"}
"""Errnos whose name in Python differs from the kernel's, or that have no name in Python."""


def errno_words(number: int) -> str:
    """Return an errno's name and description.

    libc has no description of ENOTSUPP, so the description of EOPNOTSUPP is used.

    >>> errno_words(1), errno_words(524)
    ('EPERM (Operation not permitted)', 'ENOTSUPP (Operation not supported)')
    """
    known = errno_names.EOPNOTSUPP if number == ENOTSUPP else number
    return f"{errno_name(number)} ({os.strerror(known)})"


class KernelError(RawbpfError, OSError):
    """A system call failed.

    ``errno`` is the error number from the kernel, and ``call`` names the system call or the
    command.

    ``attr`` is the `Attr` passed to bpf(2); it is lost when the error is replaced with another
    error. With ``attr``, `rawbpf.refusals` can repeat the call to find out why it failed.
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
    """The map does not contain the key."""

    def __init__(self, what: str, *, call: str = "BPF_MAP_LOOKUP_ELEM") -> None:
        super().__init__(what, errno=errno_names.ENOENT, call=call)
        self.why = None  # ``what`` says everything


class VerifierError(KernelError):
    """The verifier rejected a program. ``log`` is the verifier's whole log.

    ``explanation`` says why and where the program was rejected and how to fix it; ``cause`` is the
    verifier's message.
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
    """A loaded program could not be attached."""
