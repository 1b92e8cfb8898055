"""Prepare and relocate an object: adapt it to the running kernel before loading.

Preparing fills in everything that the object leaves open:

- The number of slots of a PERF_EVENT_ARRAY, if it is 0: one per possible CPU.
- The size of a ring buffer, rounded up to a power of two and a multiple of the page size.
- BPF_F_MMAPABLE (5.5) for sections of variables. Mapping a section into memory avoids copying all
  of it for each access, which would also overwrite what a program has written to other variables.
- The values of .kconfig, in a read-only section.
- The depth of a stack trace, if it is 0: the kernel's maximum. Tools often set this size themselves
  before loading.

CO-RE relocation uses kernel BTF to adjust the instructions that depend on a type's layout.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.collection.kconfig import KCONFIG, ignore, kconfig_data
from rawbpf.collection.ksyms import resolve_ksyms
from rawbpf.core_relo import Targets
from rawbpf.core_relo import relocate as relocate_code
from rawbpf.errors import UsageError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.specs.section_names import near_sections
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type, bpf_prog_type
from rawbpf.uapi.map_sizes import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.core_relo import Result
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = [
    "ignore",
    "mappable",
    "prepare",
    "prepare_map",
    "relocate",
]

_DEEPEST_STACK = 127
"""PERF_MAX_STACK_DEPTH, the default value of kernel.perf_event_max_stack."""

_MOST_ENTRIES = 10_240
"""The number of entries for maps without a size, which the kernel would reject."""

_RINGS = (bpf_map_type.BPF_MAP_TYPE_RINGBUF, bpf_map_type.BPF_MAP_TYPE_USER_RINGBUF)


def prepare(
    spec: ObjectSpec, kernel: KernelFacts, warn: Callable[[str], object] = ignore
) -> ObjectSpec:
    """Set map sizes and resolve externs for the running kernel.

    ``warn`` is called with a line of text for each value that had to be truncated.

    Raises UsageError if a program's section name does not determine the program type, and
    UnsupportedError if the kernel lacks an extern.
    """
    for program in spec.programs.values():
        if program.autoload:
            _require_type(program)
    maps = {name: prepare_map(one) for name, one in spec.maps.items()}
    data = dict(spec.data)
    answers = kconfig_data(spec, kernel, warn)
    if answers is not None:
        data[KCONFIG] = answers
    return resolve_ksyms(spec._replace(maps=maps, data=data), kernel)


def _require_type(program: ProgramSpec) -> None:
    """Raise UsageError if the program's type is unknown.

    If the program were loaded, the kernel would only report EINVAL.
    """
    if program.prog_type is not bpf_prog_type.BPF_PROG_TYPE_UNSPEC:
        return
    near = [f'SEC("{name}")' for name in near_sections(program.section)]
    raise UsageError(
        f"cannot load program {program.name!r}",
        why=f"no program type is known for section {program.section!r}",
        fix=f"did you mean {' or '.join(near)}?"
        if near
        else 'specify the program type, such as SEC("kprobe/FUNCTION") or SEC("xdp"); '
        "docs/reference/sections.md lists all of them",
    )


def prepare_map(spec: MapSpec) -> MapSpec:
    """Fill in everything that the spec of a map leaves open.

    >>> from rawbpf.specs.map_spec import MapSpec
    >>> ring = MapSpec("events", bpf_map_type.BPF_MAP_TYPE_RINGBUF, 0, 0, max_entries=5000)
    >>> prepare_map(ring).max_entries
    8192
    >>> prepare_map(ring._replace(map_type=bpf_map_type.BPF_MAP_TYPE_USER_RINGBUF)).max_entries
    8192
    """
    if spec.inner is not None:
        spec = spec._replace(inner=prepare_map(spec.inner))
    kind, entries = spec.map_type, spec.max_entries
    if kind is bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        most = max(possible_cpus()) + 1
        # The kernel accepts fewer slots than CPUs, but then events on the other CPUs are lost.
        return spec._replace(key_size=4, value_size=4, max_entries=entries or most)
    if kind in _RINGS:
        return spec._replace(max_entries=_ring_size(entries))
    if kind is bpf_map_type.BPF_MAP_TYPE_STACK_TRACE:
        value_size = spec.value_size or 8 * _DEEPEST_STACK
        return spec._replace(value_size=value_size, max_entries=entries or _MOST_ENTRIES)
    if not entries and not (kind in SIZES and SIZES[kind].entries):
        # Map types with a fixed number of entries must have max_entries = 0.
        return spec._replace(max_entries=_MOST_ENTRIES)
    return spec


def _ring_size(size: int) -> int:
    """Round up to a power of two that is a multiple of the page size."""
    page = os.sysconf("SC_PAGE_SIZE")
    return 1 << (max(size, page) - 1).bit_length()


def mappable(spec: MapSpec) -> MapSpec:
    """Return the spec of the map for a section, with BPF_F_MMAPABLE set."""
    return spec._replace(map_flags=spec.map_flags | bpf_map_flags.BPF_F_MMAPABLE)


def relocate(
    spec: ObjectSpec, kernel: KernelFacts
) -> tuple[ObjectSpec, dict[str, Sequence[Result]]]:
    """Relocate all programs that will be loaded.

    Returns a dict that maps each program to the results of its records.
    """
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
