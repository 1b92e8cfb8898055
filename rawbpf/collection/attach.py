"""Attach: each program where its section says.

Some sections say what a program is and not where it belongs (xdp: which device? cgroup: which
one?), and a program that is only jumped to has nowhere to be. They are not an error, but told.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.links.dispatch import attach
from rawbpf.specs.probe_spec import probe_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.links.link import Link
    from rawbpf.programs.program import Program
    from rawbpf.specs.probe_spec import ProbeSpec

__all__ = ["attach_all"]


def attach_all(
    programs: Mapping[str, Program], stack: ExitStack, where: Mapping[str, str | ProbeSpec]
) -> tuple[dict[str, Link], dict[str, str]]:
    """The links by program, and by program why there is none. AttachError: the kernel refuses.

    ``where``: places for programs whose sections do not say one. All are attached, or none.
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
