"""Format map entries as text and JSON, for `rawbpf map dump` and `rawbpf run`.

    stacks      │ the values of a STACK_TRACE map are call chains, whose addresses become functions
    histograms  │ counts of power-of-two slots: an array of counts, or an array in each value
    rows        │ entries of a hash whose values are numbers are sorted; the largest comes last

A value of a STACK_TRACE map holds up to 127 addresses, innermost first, and ends with zeros. With
BPF_F_STACK_BUILD_ID (4.17), a value holds structs bpf_stack_build_id, which give a user-space file
and an offset instead of an address.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeGuard

from rawbpf.btf.values.shown import Address, EnumValue
from rawbpf.errors import UsageError
from rawbpf.output.histogram import histogram
from rawbpf.output.values import plain, value_text
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.kernel.symbolize import KernelSymbols
    from rawbpf.specs.map_spec import MapSpec

    Rows = Iterable[tuple[Any, Any]]

__all__ = [
    "histogram_lines",
    "histogram_objects",
    "is_stacks",
    "named_addresses",
    "sorted_rows",
    "stack_frames",
    "stack_lines",
]

_TYPE = bpf_map_type
_ARRAYS = (_TYPE.BPF_MAP_TYPE_ARRAY, _TYPE.BPF_MAP_TYPE_PERCPU_ARRAY)
_BUILD_ID = struct.Struct("<i20sQ")  # struct bpf_stack_build_id
_EMPTY, _VALID = 0, 1  # BPF_STACK_BUILD_ID_EMPTY, BPF_STACK_BUILD_ID_VALID
_KERNEL_HALF = 1 << 63
_SLOTS = 64


def is_stacks(spec: MapSpec) -> bool:
    """Return whether a map's values are call chains."""
    return spec.map_type is _TYPE.BPF_MAP_TYPE_STACK_TRACE


def stack_frames(spec: MapSpec, data: bytes, symbols: KernelSymbols) -> list[str]:
    """Return a call chain, innermost function first.

    A frame is a kernel function and an offset, a build ID and an offset, or an address.
    """
    if spec.map_flags & bpf_map_flags.BPF_F_STACK_BUILD_ID:
        usable = data[: len(data) // _BUILD_ID.size * _BUILD_ID.size]
        rows = [row for row in _BUILD_ID.iter_unpack(usable) if row[0] != _EMPTY]
        return [f"{b.hex()}+{at:#x}" if kind == _VALID else hex(at) for kind, b, at in rows]
    addresses = memoryview(data).cast("Q").tolist()
    end = addresses.index(0) if 0 in addresses else len(addresses)
    return [symbols.name(one) or hex(one) for one in addresses[:end]]


def stack_lines(key: object, frames: list[str]) -> Iterator[str]:
    r"""Yield the key of a call chain, and an indented line for each frame.

    >>> print(*stack_lines(7, ["vfs_read+0x0", "ksys_read+0x6b"]), sep="\n")
    7:
        vfs_read+0x0
        ksys_read+0x6b
    """
    yield f"{value_text(key)}:"
    yield from (f"    {frame}" for frame in frames)


def named_addresses(value: Any, symbols: KernelSymbols) -> Any:  # noqa: ANN401 -- any decoded value
    """Return the value, with the function's name after each address in kernel code.

    An unsigned number is treated as an address if a kernel function contains it.
    """
    if isinstance(value, dict):
        return {name: named_addresses(one, symbols) for name, one in value.items()}
    if isinstance(value, list):
        return [named_addresses(one, symbols) for one in value]
    if isinstance(value, int) and value >= _KERNEL_HALF and not isinstance(value, EnumValue):
        name = symbols.name(value)
        return value if name is None else f"{Address(value)} <{name}>"
    return value


def sorted_rows(spec: MapSpec, rows: Rows) -> Rows:
    """Return the rows, sorted by value if the map is a hash whose values are numbers.

    A per-CPU value counts as the sum over all CPUs.
    """
    if spec.kind.dense or spec.kind.holds:
        return rows
    found = list(rows)
    numbers = [_number(spec, value) for _, value in found]
    if None in numbers:
        return found
    order = sorted(range(len(found)), key=lambda index: numbers[index] or 0)
    return [found[index] for index in order]


def _number(spec: MapSpec, value: object) -> int | None:
    if spec.kind.per_cpu and _are_numbers(value):
        return sum(value)
    return value if isinstance(value, int) else None


def _are_numbers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(one, int) for one in value)


def histogram_lines(spec: MapSpec, rows: Rows) -> Iterator[str]:
    """Yield the lines of each histogram in a map, with its key if the map holds several."""
    for number, (key, counts) in enumerate(_histograms(spec, rows)):
        if key is not None:
            yield from [""] * (number > 0)
            yield f"{value_text(key)}:"
        yield from histogram(counts)


def histogram_objects(spec: MapSpec, rows: Rows) -> Iterator[dict[str, Any]]:
    """Yield a JSON object for each histogram in a map. Both bounds of a slot are inclusive."""
    for key, counts in _histograms(spec, rows):
        slots = [
            {"min": 1 << slot if slot else 0, "max": (2 << slot) - 1, "count": count}
            for slot, count in enumerate(counts)
            if count
        ]
        yield {"key": plain(key), "histogram": slots}


def _histograms(spec: MapSpec, rows: Rows) -> Iterator[tuple[Any, list[int]]]:
    """Yield each key (None if the whole map is one histogram) with its slot counts."""
    found = list(rows)
    if spec.map_type in _ARRAYS:
        numbers = {key: _number(spec, value) for key, value in found}
        if None not in numbers.values():
            last = max((key for key, count in numbers.items() if count), default=-1)
            yield None, _checked(spec, [numbers.get(key) or 0 for key in range(last + 1)])
            return
    for key, value in found:
        parts = value if spec.kind.per_cpu else [value]
        counts = [
            sum(column) for column in zip(*(_counts(spec, one) for one in parts), strict=True)
        ]
        yield key, _checked(spec, counts)


def _counts(spec: MapSpec, value: Any) -> list[int]:  # noqa: ANN401 -- any decoded value
    """Return the array of numbers that a value is or contains."""
    members = list(value.values()) if isinstance(value, dict) else [value]
    arrays = [one for one in members if one and _are_numbers(one)]
    if len(arrays) != 1:
        raise UsageError(
            f"cannot show map {spec.name!r} as a histogram",
            why="neither the map nor its values are arrays of numbers",
        )
    return arrays[0]


def _checked(spec: MapSpec, counts: list[int]) -> list[int]:
    if any(counts[_SLOTS:]):
        raise UsageError(
            f"cannot show map {spec.name!r} as a histogram",
            why=f"it counts in slot {len(counts) - 1}, and power-of-two slots end at {_SLOTS - 1}",
        )
    return counts[:_SLOTS]
