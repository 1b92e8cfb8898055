"""RB-V009: an access is outside a ring buffer record, a buffer, or other memory of known size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.bounds import Access, explain_bounds, repair_bounds
from rawbpf.verifier.rule import RESERVE, Example, Finding, Rule
from rawbpf.verifier.words import memory_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.patch import Patch


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if " size=0\n" in failure.message or "for !root" in failure.message:
        return None  # other rules explain these messages
    access = Access.of(failure, match)
    if access is None:
        return None
    kind = access.value.kind if access.value else ""
    if kind.startswith("pkt"):
        return None
    record = _is_record(failure, access.register, kind)
    return explain_bounds(failure, access, "the record" if record else memory_of(kind))


def _is_record(failure: Failure, register: int, kind: str) -> bool:
    """Return whether the memory is a ring buffer record.

    Up to 5.16, the type of a ring buffer record is mem, as for other memory.
    """
    born = failure.birth(register)
    return kind in ("ringbuf_mem", "alloc_mem") or (
        born is not None and born.effect.name == "bpf_ringbuf_reserve"
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    access = Access.of(failure, match)
    return repair_bounds(failure, access) if access else None


def _store(offset: int) -> str:
    return (
        RESERVE + f"        if r0 == 0 goto out\n        *(u64 *)(r0 + {offset}) = 1\n"
        "        r1 = r0\n        r2 = 0\n        call ringbuf_submit\n"
        "out:    r0 = 0\n        exit\n"
    )


RULE = Rule(
    code="RB-V009",
    title="Out-of-bounds record or buffer access",
    patterns=(
        (
            r"invalid access to memory, mem_size=(?P<room>\d{1,9}) off=(?P<off>-?\d{1,19}) "
            r"size=(?P<size>-?\d{1,9})(?:\nR(?P<reg>\d\d?) )?"
        ),
        (
            r"R(?P<reg>\d\d?) invalid \w+ buffer access: off=(?P<off>-?\d{1,19}), "
            r"size=(?P<size>-?\d{1,9})"
        ),
        r"R(?P<reg>\d\d?) invalid (?:variable )?buffer offset",
        r"R(?P<reg>\d\d?) invalid \w+ access off=(?P<off>-?\d{1,19}) size=(?P<size>-?\d{1,9})",
        r"invalid access to flow keys off=(?P<off>-?\d{1,19}) size=(?P<size>-?\d{1,9})",
        r"R(?P<reg>\d\d?) unbounded memory access, make sure to bounds check any such access",
        (
            r"R(?P<reg>\d\d?) min value is negative, either use unsigned index or do a if \(index "
            r">=0\) check"
        ),
        r"R(?P<reg>\d\d?) (?:min|max) value is outside of the allowed memory range",
    ),
    meaning=(
        "The pointer points to memory whose size was fixed when the program obtained it, "
        "such as a record reserved in a ring buffer or a buffer passed by the kernel. "
        "The access must lie entirely within this memory region. If a number was added "
        "to the "
        "pointer, the access must be in bounds for every value that the number may have."
    ),
    reason=(
        "The record is followed by the next record, or by kernel memory that does not "
        "belong to the program."
    ),
    examples=(Example(_store(8), _store(0)),),
    explain=_explain,
    repair=_repair,
)
