"""In words, what a kernel's types lack of a path: which field of which type, as far as it goes.

struct task_struct::thread.fsindex     struct task_struct has no member thread.fsindex
struct request::rq_disk                struct request has no member rq_disk
struct thing::list[7]                  struct thing::list has no element 7
enum bpf_map_type::BPF_MAP_TYPE_ARENA  enum bpf_map_type has no enumerator BPF_MAP_TYPE_ARENA
struct bpf_arena                       there is no struct bpf_arena
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.core_relo.access import ENUM_KINDS, TYPE_KINDS
from rawbpf.core_relo.match import match_path
from rawbpf.core_relo.names import STRUCTS, essential, name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.access import Path
    from rawbpf.core_relo.candidates import Candidate
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["NO_TYPE", "what_is_missing"]

NO_TYPE = "this kernel has no "
"""How the words begin where there is no such type at all, so that a module may have it."""


def what_is_missing(path: Path, kind: bpf_core_relo_kind, candidates: Sequence[Candidate]) -> str:
    """For a path that none of the candidates has."""
    root = _flavourless(path.btf, path.root)
    if not candidates:
        return NO_TYPE + root
    where = f"this kernel's {root}"
    if kind in TYPE_KINDS:
        return f"{where} is not like the program's"
    if kind in ENUM_KINDS:
        return f"{where} has no enumerator {essential(path.steps[-1].name)}"
    known = max(_known(path, kind, one) for one in candidates)
    failing = path.steps[known]
    if not failing.name:
        before = str(path._replace(steps=path.steps[:known])).removeprefix(str(_bare(path)))
        return f"{where}{before} has no element {failing.at}"
    member = _members(path, known)
    if any(_has(one, failing.name) for one in candidates):
        return f"{where} has a member {member}, but of another kind"
    return f"{where} has no member {member}"


def _known(path: Path, kind: bpf_core_relo_kind, candidate: Candidate) -> int:
    """How many steps of the path the candidate has."""
    for count in range(len(path.steps) - 1, 0, -1):
        shorter = path._replace(steps=path.steps[:count])
        if match_path(shorter, kind, candidate.btf, candidate.type_id) is not None:
            return count
    return 0


def _members(path: Path, last: int) -> str:
    """The way to a member: ``thread.fsindex``."""
    text = str(path._replace(steps=path.steps[: last + 1]))
    return text.removeprefix(str(_bare(path))).removeprefix("::")


def _bare(path: Path) -> Path:
    """Its first step alone: the type, and which element of an array of them."""
    return path._replace(steps=path.steps[:1])


def _has(candidate: Candidate, name: str) -> bool:
    """Whether the type itself has a member of this name."""
    record = candidate.btf[candidate.type_id]
    return isinstance(record, STRUCTS) and any(one.name == name for one in record.members)


def _flavourless(btf: Btf, type_id: int) -> str:
    """``struct task_struct`` of ``struct task_struct___old``."""
    record = btf[type_id]
    text, name = text_of(btf, type_id), name_of(record)
    return text.removesuffix(name) + essential(name) if not isinstance(record, t.Void) else text
