"""``rawbpf map``: the maps that the kernel holds, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.held.map_entries import read_value, show
from rawbpf.cli.held.names import all_of, memory, named, only, with_holders
from rawbpf.cli.held.show import show as show_facts
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import KernelError
from rawbpf.maps.entry_errors import explain
from rawbpf.maps.map import Map
from rawbpf.output.text import table
from rawbpf.uapi.bpf import BPF_ANY, BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["USAGE", "run"]

USAGE = """Show the maps that the kernel holds, whoever made them; read and write their entries.

Usage:
  rawbpf map list [--json] [-v]...
  rawbpf map show MAP [--json] [-v]...
  rawbpf map dump MAP [--json] [--hex] [-v]...
  rawbpf map lookup MAP KEY [--json] [--hex] [-v]...
  rawbpf map update MAP KEY VALUE [--new | --existing] [-v]...
  rawbpf map delete MAP KEY [-v]...

list is a table of all, show tells all about one, and which processes hold it; dump writes all
entries, lookup that of one key. They are read by the types that the map was made with, and without
types as bytes in hex.

Arguments:
  MAP            An id, a name, or where it is pinned: 27, hits, /sys/fs/bpf/hits.
  KEY, VALUE     A number (7, 0x1f), JSON ({"pid": 7}, [1, 2]), a text, or bytes: hex:0700ff00.
                 Of a per-CPU map, a list is a value for each CPU, all else the value of every CPU.
                 In a map of maps or programs, a value is an id. KEY is - for a queue or a stack.

Options:
  --json         One JSON object a map, or an entry.
  --hex          Bytes in hex, types or not.
  --new          Only if the key is not there yet.
  --existing     Only if it is.
  -v, --verbose  Say more on stderr.
  -h, --help     Show this.
"""


def run(arguments: dict[str, Any]) -> int:
    """Do what was asked for."""
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
    write_lines(show_facts(rows, arguments, _table))


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
    """The lines of dump and lookup."""
    if arguments["dump"]:
        entries = one.raw_items()
    else:
        entries = iter([_entry(one, read_value(arguments["KEY"]))])
    return show(one, entries, as_json=arguments["--json"], as_hex=arguments["--hex"])


def _entry(one: Map, key: object) -> tuple[bytes, bytes]:
    raw = one.types.encode_key(key)
    try:
        return raw, one.lookup(raw)
    except KernelError as error:
        raise explain("read", one.spec, key, error) from None
