r""".BTF.ext: what belongs to instructions, not to types.

Three tables, each a record size and then, for each ELF section of code, its name, a count and
that many records: ``func_info`` (which BTF function begins at an instruction), ``line_info``
(which source line it came from) and ``core_relo`` (what the loader must patch for the kernel's
own layout of a type). All names and texts are in the string section of the .BTF beside it.

``insn_off`` counts bytes from the section's start in an ELF file. BPF_PROG_LOAD takes the same
func_info and line_info records, without section headers, and counts instructions: ``pack`` makes
them once ``insn_off`` has been divided.

>>> from rawbpf.btf.string_table import StringTable
>>> from rawbpf.btf.strings import Strings
>>> strings = StringTable()
>>> info = ExtInfo({"kprobe/f": [FuncInfo(0, 3)]}, {}, {})
>>> data = encode_ext_info(info, strings)
>>> decode_ext_info(data, Strings(strings.encode())) == info
True
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rawbpf.btf.header import byte_order
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_EXT_HEADER, BTF_MAGIC, BTF_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rawbpf.btf.string_table import StringTable
    from rawbpf.btf.strings import Strings

__all__ = [
    "CoreRelo",
    "ExtInfo",
    "FuncInfo",
    "LineInfo",
    "decode_ext_info",
    "encode_ext_info",
    "pack",
    "unpack_func_info",
    "unpack_line_info",
]


class FuncInfo(NamedTuple):
    """struct bpf_func_info: function ``type_id`` (a Func) begins at ``insn_off``."""

    insn_off: int
    type_id: int


class LineInfo(NamedTuple):
    """struct bpf_line_info: from ``insn_off`` on, the code is from this line (from 1) and column.

    ``text`` is the line itself: the verifier's log quotes it.
    """

    insn_off: int
    file: str
    text: str
    line: int
    column: int


class CoreRelo(NamedTuple):
    """struct bpf_core_relo: ``access`` (such as ``0:1:2``) into ``type_id``, a BPF_CORE_* kind."""

    insn_off: int
    type_id: int
    access: str
    relo_kind: int


class ExtInfo(NamedTuple):
    """The three tables, by name of the ELF section that the instructions are in."""

    func_info: dict[str, list[FuncInfo]]
    line_info: dict[str, list[LineInfo]]
    core_relos: dict[str, list[CoreRelo]]


Words = tuple[int, ...]
Record = FuncInfo | LineInfo | CoreRelo
R = TypeVar("R", FuncInfo, LineInfo, CoreRelo)


def _func_info(words: Words, _name: Callable[[int], str]) -> FuncInfo:
    return FuncInfo(*words)


def _line_info(words: Words, name: Callable[[int], str]) -> LineInfo:
    insn_off, file, text, line_col = words
    return LineInfo(insn_off, name(file), name(text), line_col >> 10, line_col & 0x3FF)


def _core_relo(words: Words, name: Callable[[int], str]) -> CoreRelo:
    insn_off, type_id, access, relo_kind = words
    return CoreRelo(insn_off, type_id, name(access), relo_kind)


def decode_ext_info(data: bytes, strings: Strings) -> ExtInfo:
    """The section's tables; ``strings`` are those of the .BTF section (``btf.strings``).

    FormatError: damaged. Records longer than we know are cut to what we know.
    """
    order = byte_order(data, ".BTF.ext")
    known = struct.calcsize(BTF_EXT_HEADER)
    if len(data) < known:
        raise FormatError("truncated .BTF.ext", why=f"{len(data)} bytes end inside the header")
    _, version, _, size, *pairs = struct.unpack_from(order + BTF_EXT_HEADER, data)
    if version != BTF_VERSION or not known <= size <= len(data):
        raise FormatError("damaged .BTF.ext header", why=f"version {version}, {size} bytes")
    # The first headers (clang 8) end before the pair for CO-RE.
    core = struct.unpack_from(order + "II", data, known) if size >= known + 8 else (0, 0)
    body, name = data[size:], strings.text
    return ExtInfo(
        _decode(_table(body, order, *pairs[:2]), 2, name, _func_info),
        _decode(_table(body, order, *pairs[2:]), 4, name, _line_info),
        _decode(_table(body, order, *core), 4, name, _core_relo),
    )


def _table(body: bytes, order: str, offset: int, length: int) -> Words:
    """A table's words."""
    if offset + length > len(body) or length % 4:
        raise FormatError(
            "truncated .BTF.ext",
            why=f"a table of {length} bytes at {offset} is not in the {len(body)} bytes",
        )
    return struct.unpack_from(f"{order}{length // 4}I", body, offset)


def _decode(
    words: Words, known: int, name: Callable[[int], str], record: Callable[..., R]
) -> dict[str, list[R]]:
    """Section name -> records of a table; ``known`` is how many words of a record we read."""
    tables: dict[str, list[R]] = {}
    if not words:
        return tables
    width = words[0] // 4
    if words[0] % 4 or width < known:
        raise FormatError("damaged .BTF.ext", why=f"records of {words[0]} bytes")
    at = 1
    while at < len(words):
        start = at + 2
        end = start + width * words[at + 1] if start <= len(words) else start
        # Each section has records, says the kernel; so a count of 0 cannot make this loop long.
        if end > len(words) or end == start:
            raise FormatError("damaged .BTF.ext", why=f"the section at word {at} has no records")
        rows = tables.setdefault(name(words[at]), [])
        rows += [record(words[i : i + known], name) for i in range(start, end, width)]
        at = end
    return tables


def encode_ext_info(info: ExtInfo, strings: StringTable, order: str = "<") -> bytes:
    """The section's bytes. Names go to ``strings``, so encode this before the .BTF beside it."""
    tables: list[list[int]] = [
        _encode(info.func_info, strings),
        _encode(info.line_info, strings),
        _encode(info.core_relos, strings),
    ]
    pairs, at = [], 0
    for table in tables:
        pairs += [at, 4 * len(table)]
        at += 4 * len(table)
    size = struct.calcsize(BTF_EXT_HEADER) + 8
    header = struct.pack(order + BTF_EXT_HEADER, BTF_MAGIC, BTF_VERSION, 0, size, *pairs[:4])
    words = [*pairs[4:], *(word for table in tables for word in table)]
    return header + struct.pack(f"{order}{len(words)}I", *words)


def _encode(table: Mapping[str, Sequence[Record]], strings: StringTable) -> list[int]:
    """A table's words; an empty table has none, not even a record size."""
    words: list[int] = []
    for section, records in table.items():
        rows = [_words(record, strings) for record in records]
        if rows:
            words = words or [4 * len(rows[0])]
            words += [strings.add(section), len(rows), *(word for row in rows for word in row)]
    return words


def _words(record: Record, strings: StringTable) -> Words:
    if isinstance(record, FuncInfo):
        return record
    if isinstance(record, CoreRelo):
        return (record.insn_off, record.type_id, strings.add(record.access), record.relo_kind)
    # The kernel's field has 22 bits of line and 10 of column; clang cuts columns likewise.
    line_col = min(record.line, 0x3FFFFF) << 10 | min(record.column, 0x3FF)
    return (record.insn_off, strings.add(record.file), strings.add(record.text), line_col)


def pack(records: Iterable[FuncInfo | LineInfo], strings: StringTable, order: str = "=") -> bytes:
    """Records one after the other, as BPF_PROG_LOAD takes them.

    >>> from rawbpf.btf.string_table import StringTable
    >>> pack([FuncInfo(0, 1), FuncInfo(4, 2)], StringTable(), "<").hex(" ", 4)
    '00000000 01000000 04000000 02000000'
    """
    words = [word for record in records for word in _words(record, strings)]
    return struct.pack(f"{order}{len(words)}I", *words)


def unpack_func_info(data: bytes, size: int) -> list[FuncInfo]:
    """The records of a loaded program; ``size`` is a record's, of which we read what we know.

    >>> from rawbpf.btf.string_table import StringTable
    >>> unpack_func_info(pack([FuncInfo(0, 1), FuncInfo(4, 2)], StringTable()), 8)
    [FuncInfo(insn_off=0, type_id=1), FuncInfo(insn_off=4, type_id=2)]
    """
    return [FuncInfo(*struct.unpack_from("=2I", data, at)) for at in range(0, len(data), size)]


def unpack_line_info(data: bytes, size: int, name: Callable[[int], str]) -> list[LineInfo]:
    """The same for lines; ``name`` finds texts in the string section of the program's BTF."""
    places = range(0, len(data), size)
    return [_line_info(struct.unpack_from("=4I", data, at), name) for at in places]
