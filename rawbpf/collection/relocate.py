"""Relocate: each instruction that depends on a layout gets what this kernel's types say.

Only programs that will be loaded are looked at: an optional one may well ask for what is not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.core_relo import Targets
from rawbpf.core_relo import relocate as relocate_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.core_relo import Result
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["relocate"]


def relocate(
    spec: ObjectSpec, kernel: KernelFacts
) -> tuple[ObjectSpec, dict[str, Sequence[Result]]]:
    """The object for this kernel, and by program what was done for each record."""
    programs = dict(spec.programs)
    results: dict[str, Sequence[Result]] = {}
    targets: Targets | None = None
    for name, program in spec.programs.items():
        if not program.autoload or not program.code.relocations or spec.btf is None:
            continue
        if targets is None:
            targets = Targets(kernel.require_types(), lambda: kernel.modules)
        done = relocate_code(program.code, spec.btf, targets)
        programs[name], results[name] = program._replace(code=done.code), done.results
    return spec._replace(programs=programs), results
