"""Attach all programs of an object according to their sections.

Some sections do not name a target (which interface for xdp? which cgroup?), and programs that are
only called by tail calls are not attached at all. That is not an error: the reason is reported.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.links.dispatch import attach
from rawbpf.specs.program_spec import probe_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.links.link import Link
    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["attach_all"]


def attach_all(
    programs: Mapping[str, Program], stack: ExitStack, where: Mapping[str, str | ProbeSpec]
) -> tuple[dict[str, Link], dict[str, str]]:
    """Attach the programs: all, or none if one fails with AttachError.

    ``where`` maps programs to targets or probes that replace those of their sections. Return the
    links, and the reasons for programs without one, both by program. The links go to ``stack``.
    """
    links: dict[str, Link] = {}
    skipped: dict[str, str] = {}
    with ExitStack() as undo:
        for name, program in programs.items():
            try:
                links[name] = undo.enter_context(attach(program, _probe(program, where.get(name))))
            except (UsageError, UnsupportedError) as error:
                if name in where:
                    raise
                skipped[name] = f"not attached: {error}"
        stack.push(undo.pop_all())
    return links, skipped


def _probe(program: Program, where: str | ProbeSpec | None) -> ProbeSpec:
    if where is None or isinstance(where, str):
        return probe_of(program.spec, where or "")
    return where
