"""Decode the records in an object's rings, and finally the contents of its maps.

The type of a record is named with --print, or recognized as a log record, or guessed from the
object's BTF. A record of unknown type remains bytes. Map entries are decoded with the types that
the object declares for their keys and values; the value of a per-CPU map is a list with one item
per possible CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.map_entries import is_stacks
from rawbpf.cli.terminal import say
from rawbpf.errors import UsageError
from rawbpf.events.log_rows import decode_logs, split_logs
from rawbpf.events.typed import Guesses, named_type
from rawbpf.events.typed_rows import TypedRows
from rawbpf.reading.order import Taken
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.collection.collection import Collection
    from rawbpf.events.log_rows import LogRows
    from rawbpf.events.typed import EventType
    from rawbpf.maps.map import Map
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = [
    "PERF",
    "RING",
    "TABLES",
    "Decoder",
    "Wanted",
    "entries",
    "tables",
]

_TYPE = bpf_map_type
RING, PERF = _TYPE.BPF_MAP_TYPE_RINGBUF, _TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY
TABLES = frozenset(
    {
        _TYPE.BPF_MAP_TYPE_HASH,
        _TYPE.BPF_MAP_TYPE_ARRAY,
        _TYPE.BPF_MAP_TYPE_PERCPU_HASH,
        _TYPE.BPF_MAP_TYPE_PERCPU_ARRAY,
        _TYPE.BPF_MAP_TYPE_LRU_HASH,
        _TYPE.BPF_MAP_TYPE_LRU_PERCPU_HASH,
        _TYPE.BPF_MAP_TYPE_STACK_TRACE,
    }
)
"""Types of maps whose entries are printed at the end."""


class Wanted:
    """The maps to print, and the types of their records: ``--print MAP[:STRUCT]``, or all maps."""

    def __init__(
        self, spec: ObjectSpec, words: Iterable[str], histograms: Iterable[str] = ()
    ) -> None:
        self._types: dict[str, EventType | None] = {}
        shown = {n for n, m in spec.maps.items() if m.map_type in {RING, PERF, *TABLES}}
        shown |= {name for name, data in spec.data.items() if not data.read_only}
        for word in words:
            name, _, struct = word.partition(":")
            if name not in shown:
                has = ", ".join(sorted(shown)) or "none"
                raise UsageError(
                    f"--print {word}: the object has no {name!r} that can be printed",
                    why=f"its rings, hashes, arrays, stacks and variables are: {has}",
                )
            if struct and spec.btf is None:
                raise UsageError(f"--print {word}: the object has no BTF", fix="compile with -g")
            self._types[name] = named_type(spec.btf, struct) if struct and spec.btf else None
        self.histograms = set(histograms)
        """The maps to show as histograms, as given by ``--hist MAP``."""
        for name in self.histograms:
            if spec.maps.get(name) is None or spec.maps[name].map_type not in TABLES:
                has = ", ".join(n for n, m in spec.maps.items() if m.map_type in TABLES) or "none"
                raise UsageError(
                    f"--hist {name}: the object has no array or hash {name!r}",
                    why=f"its arrays and hashes are: {has}",
                )
        self.names = set(self._types) | self.histograms if self._types else shown

    def type_of(self, name: str) -> EventType | None:
        """Return the struct type that --print specifies for a map, if any."""
        return self._types.get(name)


class Decoder:
    """Decodes the records from all rings, and remembers the guessed type for each record size."""

    def __init__(self, spec: ObjectSpec, wanted: Wanted) -> None:
        self._spec, self._wanted = spec, wanted
        self._guesses = Guesses(spec)

    def split(self, taken: Taken) -> Iterator[LogRows | TypedRows | Taken]:
        """Split records of one size into log records, structs, and records of unknown type."""
        named = self._wanted.type_of(taken.map)
        runs = [(False, taken.batch)] if named else split_logs(taken.batch)
        for are_logs, batch in runs:
            if are_logs:
                yield from decode_logs(batch)[0]
                continue
            kind = named or self._guess(taken.map, batch.size)
            yield TypedRows(batch, kind) if kind else Taken(taken.map, taken.cpu, batch)

    def _guess(self, name: str, size: int) -> EventType | None:
        known = (name, size) in self._guesses
        kind = self._guesses.guess(name, size)
        if kind is None and not known and self._spec.btf is not None:
            say(_UNKNOWN.format(map=name, size=size), at="warning")
        return kind


_UNKNOWN = (
    "{map}: printing records of {size} bytes as bytes: not exactly one struct of the object has "
    "this size; name the struct with --print {map}:STRUCT (clang keeps it in the BTF only if "
    "something global uses it: const struct STRUCT *unused;)"
)


_ARRAYS = (bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY)


def tables(collection: Collection) -> list[str]:
    """Return the names of the maps whose entries can be printed."""
    return [name for name, one in collection.spec.maps.items() if one.map_type in TABLES]


def entries(one: Map) -> Iterator[tuple[Any, Any]]:
    """Yield decoded keys and values, but skip array entries that are zero.

    The values of a STACK_TRACE map remain bytes.

    Entries that are deleted in the meantime are skipped, too.
    """
    types, is_array = one.types, one.spec.map_type in _ARRAYS
    decode = (lambda data: data) if is_stacks(one.spec) else types.value.decode
    for key, value in one.raw_items():
        if any(value) or not is_array:
            yield types.decode_key(key), decode(value)
