"""``rawbpf map``: show the maps in the kernel, and read and write their entries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rawbpf.cli.held.kernel_objects import all_of, memory, named, only, show, with_holders
from rawbpf.cli.map_entries import (
    histogram_lines,
    histogram_objects,
    is_stacks,
    named_addresses,
    sorted_rows,
    stack_frames,
    stack_lines,
)
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.symbolize import KernelSymbols
from rawbpf.maps.entry_errors import entry_error
from rawbpf.maps.map import Map
from rawbpf.output.text import table
from rawbpf.output.values import plain, value_text
from rawbpf.uapi.bpf import BPF_ANY, BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["USAGE", "entry_lines", "read_value", "run"]

_HEX = "hex:"
_NONE = "-"
_SHOWN = 40

USAGE = """Show the BPF maps in the kernel, and read and write their entries.

Usage:
  rawbpf map list [--json] [-v]...
  rawbpf map show MAP [--json] [-v]...
  rawbpf map dump MAP [--json] [--hex | --hist] [-v]...
  rawbpf map lookup MAP KEY [--json] [--hex] [-v]...
  rawbpf map update MAP KEY VALUE [--new | --existing] [-v]...
  rawbpf map delete MAP KEY [-v]...

`map list` prints a table of all maps. `map show` prints all details of a map, including the
processes that hold it. `map dump` prints all entries, and `map lookup` prints the entry for a key.
Keys and values are decoded using the map's BTF types, or shown in hex if the map has no types.
Entries of a hash are sorted by value if the values are numbers; stacks are shown as functions.

Arguments:
  MAP            An ID, a name, or the path of a pinned map, such as 27, hits or /sys/fs/bpf/hits.
  KEY            A number (7, 0x1f), JSON ({"pid": 7}, [1, 2]), text, or bytes (hex:0700ff00);
                 use - for queues and stacks, which have no keys.
  VALUE          A value in the same syntax as KEY. For a per-CPU map, a list sets one value per
                 CPU, and any other value is stored for every CPU. For a map that holds maps or
                 programs, VALUE is an ID.

Options:
  --json         Print one JSON object per map or entry.
  --hex          Print bytes in hex even if the map has types.
  --hist         Print counts of power-of-two slots, log2(value), as a histogram.
  --new          Update only if the key does not exist.
  --existing     Update only if the key exists.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.
"""


def run(arguments: dict[str, Any]) -> int:
    """Print facts or entries, or modify an entry."""
    if arguments["list"] or arguments["show"]:
        _objects(arguments)
        return 0
    with only("map", arguments["MAP"], Map.from_fd, _name, _id) as one:
        if arguments["update"]:
            _update(one, arguments)
        elif arguments["delete"]:
            del one[read_value(arguments["KEY"])]
        else:
            write_lines(_read(one, arguments))
    return 0


def _objects(arguments: dict[str, Any]) -> None:
    if arguments["list"]:
        maps: Iterator[Map] = all_of("map", Map.from_fd)
    else:
        maps = named("map", arguments["MAP"], Map.from_fd, _name)
    rows = with_holders("map", [_facts(one) for one in maps])
    write_lines(show(rows, arguments, _table))


def _name(one: Map) -> str:
    return one.spec.name


def _id(one: Map) -> int:
    return int(one.info().id)


def _facts(one: Map) -> dict[str, Any]:
    info = one.info()
    word = one.kind.word if one.kind.since else str(info.type)
    return {
        "id": info.id,
        "type": word,
        "name": one.spec.name,
        "flags": info.map_flags,
        "bytes_key": info.key_size,
        "bytes_value": info.value_size,
        "max_entries": info.max_entries,
        "bytes_memlock": memory(one.fileno()),
        "frozen": int(one.frozen),
        "btf_id": info.btf_id or None,
    }


_COLUMNS = {
    "ID": "id",
    "TYPE": "type",
    "NAME": "name",
    "KEY": "bytes_key",
    "VALUE": "bytes_value",
    "ENTRIES": "max_entries",
    "FLAGS": "flags",
    "MEMORY": "bytes_memlock",
}


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    cells = [[row[key] for key in _COLUMNS.values()] for row in rows]
    return table(list(_COLUMNS), cells, right=_COLUMNS.keys() - {"TYPE", "NAME"})


def _update(one: Map, arguments: dict[str, Any]) -> None:
    flags = BPF_NOEXIST if arguments["--new"] else BPF_ANY
    if arguments["--existing"]:
        flags = BPF_EXIST
    one.set(read_value(arguments["KEY"]), read_value(arguments["VALUE"]), flags)


def _read(one: Map, arguments: dict[str, Any]) -> Iterator[str]:
    """Return the output lines for the dump and lookup commands."""
    if arguments["--hist"]:
        return _histograms(one, as_json=arguments["--json"])
    if arguments["dump"]:
        entries = one.raw_items()
    else:
        entries = iter([_entry(one, read_value(arguments["KEY"]))])
    return entry_lines(one, entries, as_json=arguments["--json"], as_hex=arguments["--hex"])


def _histograms(one: Map, *, as_json: bool) -> Iterator[str]:
    if as_json:
        return map(json.dumps, histogram_objects(one.spec, one.items()))
    return histogram_lines(one.spec, one.items())


def _entry(one: Map, key: object) -> tuple[bytes, bytes]:
    raw = one.types.encode_key(key)
    try:
        return raw, one.lookup(raw)
    except KernelError as error:
        raise entry_error("read", one.spec, key, error) from None


def read_value(text: str) -> Any:  # noqa: ANN401 -- any JSON value; checked against the map's types later
    r"""Parse a key or value from the command line.

    Raises UsageError if the hex or JSON is malformed.

    >>> read_value("7"), read_value("0x1f"), read_value('{"pid": 7}'), read_value("hex:0a 00")
    (7, 31, {'pid': 7}, b'\n\x00')
    >>> read_value("bash"), read_value("-"), read_value("[1, 2]")
    ('bash', b'', [1, 2])
    """
    if text == _NONE:
        return b""
    if text.startswith(_HEX):
        try:
            return bytes.fromhex(text.removeprefix(_HEX))
        except ValueError:
            fix = "write pairs of hex digits, such as hex:0700ff00"
            raise UsageError(f"invalid hex {text[:_SHOWN]!r}", fix=fix) from None
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] in ("{", "[", '"'):
            raise UsageError(f"invalid JSON {text[:_SHOWN]!r}", why=str(error)) from None
        return text


def entry_lines(
    one: Map, entries: Iterable[tuple[bytes, bytes]], *, as_json: bool, as_hex: bool
) -> Iterator[str]:
    """Yield the lines for each map entry; a stack takes one line per function."""
    if is_stacks(one.spec) and not as_hex:
        return _stacks(one, entries, as_json=as_json)
    if as_hex or not one.types.known:
        return _undecoded(one, entries, as_json=as_json)
    types = one.types
    rows = ((_prefix(types.decode_key(k)), types.value.decode(v)) for k, v in entries)
    return map(_json, rows) if as_json else _texts(one, rows)


def _json(row: tuple[Any, Any]) -> str:
    return json.dumps({"key": plain(row[0]), "value": plain(row[1])})


def _texts(one: Map, rows: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    with KernelSymbols() as symbols:
        for row in sorted_rows(one.spec, rows):
            yield ": ".join(value_text(named_addresses(part, symbols)) for part in row)


def _stacks(one: Map, entries: Iterable[tuple[bytes, bytes]], *, as_json: bool) -> Iterator[str]:
    with KernelSymbols() as symbols:
        for raw_key, data in entries:
            key, frames = one.types.decode_key(raw_key), stack_frames(one.spec, data, symbols)
            yield from [_json((key, frames))] if as_json else stack_lines(key, frames)


def _undecoded(one: Map, entries: Iterable[tuple[bytes, bytes]], *, as_json: bool) -> Iterator[str]:
    for raw_key, raw_value in entries:
        key, value = raw_key.hex(" "), _hex_value(one, raw_value)
        text = " | ".join(value) if isinstance(value, list) else value
        yield _json((key, value)) if as_json else f"{key}: {text}"


def _hex_value(one: Map, data: bytes) -> str | list[str]:
    """Format the bytes as hex.

    For a per-CPU map, return a list of the CPUs' values, with the padding removed.
    """
    size = one.spec.value_size
    if not one.kind.per_cpu:
        return data.hex(" ")
    step = -(-size // 8) * 8
    return [data[at : at + size].hex(" ") for at in range(0, len(data), step)]


def _prefix(key: Any) -> Any:  # noqa: ANN401 -- any key
    """Format the key of an LPM trie in CIDR notation, and return other keys unchanged."""
    from ipaddress import ip_network

    if isinstance(key, tuple) and len(key[1]) in (4, 16):
        return str(ip_network((key[1], key[0]), strict=False))
    return key
