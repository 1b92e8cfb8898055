"""Attach all programs of an object according to their section names.

Some sections do not specify a target (such as the interface for xdp or the cgroup), and programs
that are reached only by tail calls are not attached at all. Such a program is reported without
raising an error.
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
    """Attach all programs; if one of them raises AttachError, none stays attached.

    ``where`` maps the names of programs to targets or probes that override the programs' sections.
    Returns links by program, and the reasons why the other programs have no link. ``stack`` takes
    ownership of the links.
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
