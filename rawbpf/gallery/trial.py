"""Having the kernel verify one program, and what it had to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.collection.collection import Collection
from rawbpf.errors import RawbpfError
from rawbpf.syscall.capset import without_capabilities

if TYPE_CHECKING:
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["Verdict", "attempt"]

_ALSO = "CAP_SYS_ADMIN"
"""It stands for CAP_BPF and CAP_PERFMON, so who is to lack them must lack it as well."""


class Verdict(NamedTuple):
    """``error`` is None if the kernel took the program; ``log`` what its verifier wrote."""

    error: RawbpfError | None
    log: str


def attempt(spec: ObjectSpec, kernel: KernelFacts, without: tuple[str, ...] = ()) -> Verdict:
    """Load all programs of an object, and unload them.

    ``without``: the capabilities to do without meanwhile. Errors that are no verdict, such as EPERM
    for want of rights, are in ``error`` with an empty log.
    """
    with Collection(spec, kernel) as collection:
        try:
            with without_capabilities((*without, _ALSO) if without else ()):
                collection.load()
        except RawbpfError as error:
            return Verdict(error, error.details)
    return Verdict(None, "")
