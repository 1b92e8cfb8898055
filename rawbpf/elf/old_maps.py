"""Maps as they were declared before BTF: a struct of numbers in a section "maps".

    struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; ... };

libbpf 1.0 gave this form up, since it says nothing of types. Objects of that time are still about:
the decoders of ir-keytable have theirs in "lirc_mode2/maps". What loaders put behind the five
numbers differs; zeros mean nothing in all of them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rawbpf.elf import layout as elf
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.elf.read import ObjectFile, Symbol

__all__ = ["old_maps"]

_NUMBERS = struct.Struct("=5I")


def old_maps(file: ObjectFile) -> dict[tuple[int, int], MapSpec]:
    """Maps by section and byte. FormatError: no definition; UnsupportedError: it says more."""
    contents = {
        one.number: one.contents
        for one in file.sections
        if (one.name == "maps" or one.name.endswith("/maps"))
        and one.header.type == elf.SHT_PROGBITS
        and not one.is_code
    }
    return {
        (symbol.section, symbol.value): _decode(symbol, contents[symbol.section])
        for symbol in file.symbols
        if symbol.section in contents and symbol.type == elf.STT_OBJECT
    }


def _decode(symbol: Symbol, contents: bytes) -> MapSpec:
    data = contents[symbol.value : symbol.value + symbol.size]
    if len(data) < _NUMBERS.size:
        raise FormatError(
            f"map {symbol.name!r} is not defined as a map should be",
            why=f"{len(data)} bytes in the form of old are less than five numbers",
        )
    if any(data[_NUMBERS.size :]):
        raise UnsupportedError(
            f"map {symbol.name!r} is defined in the form of old, and says more than five numbers",
            why="what they mean, its own loader knows",
            fix='write it as struct { __uint(type, ...); ... } SEC(".maps")',
        )
    kind, key_size, value_size, entries, flags = _NUMBERS.unpack_from(data)
    try:
        map_type = bpf_map_type(kind)
    except ValueError:
        raise FormatError(f"map {symbol.name!r}: {kind} is no type of map") from None
    return MapSpec(symbol.name, map_type, key_size, value_size, entries, bpf_map_flags(flags))
