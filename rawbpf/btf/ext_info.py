r""".BTF.ext, a section that describes instructions rather than types.

The section consists of three tables: ``func_info`` (the BTF function that starts at an
instruction), ``line_info`` (the source line of an instruction) and ``core_relo`` (the value that
the loader must adjust to the kernel's type layout). Each table starts with the record size; then,
for each code section, it contains the section's name, a count, and that number of records. All
strings are stored in the string section of .BTF.

In an ELF file, ``insn_off`` is a byte offset from the start of the code section. BPF_PROG_LOAD
takes the same func_info and line_info records, but without section headers, and with offsets
counted in instructions; ``pack`` encodes such records after ``insn_off`` has been divided.

>>> from rawbpf.btf.strings import StringTable
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

    from rawbpf.btf.strings import Strings, StringTable

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
    """struct bpf_func_info: the function ``type_id`` (a Func) starts at ``insn_off``."""

    insn_off: int
    type_id: int


class LineInfo(NamedTuple):
    """struct bpf_line_info, which maps the code at ``insn_off`` to a line (from 1) and a column.

    ``text`` is the source line, which the verifier quotes in its log.
    """

    insn_off: int
    file: str
    text: str
    line: int
    column: int


class CoreRelo(NamedTuple):
    """struct bpf_core_relo: ``access``, such as ``0:1:2``, into ``type_id``; a BPF_CORE_* kind."""

    insn_off: int
    type_id: int
    access: str
    relo_kind: int


class ExtInfo(NamedTuple):
    """The three tables, each of which maps a code section's name to records."""

    func_info: dict[str, list[FuncInfo]]
    line_info: dict[str, list[LineInfo]]
    core_relos: dict[str, list[CoreRelo]]


Words = tuple[int, ...]
AnyRecord = FuncInfo | LineInfo | CoreRelo
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
    """Decode .BTF.ext; ``strings`` is the string section of .BTF (``btf.strings``).

    Records that are longer than expected are truncated. Raises FormatError if the section is
    damaged.
    """
    order = byte_order(data, ".BTF.ext")
    known = struct.calcsize(BTF_EXT_HEADER)
    if len(data) < known:
        raise FormatError(
            "truncated .BTF.ext", why=f"only {len(data)} bytes of the header are present"
        )
    _, version, _, size, *pairs = struct.unpack_from(order + BTF_EXT_HEADER, data)
    if version != BTF_VERSION or not known <= size <= len(data):
        raise FormatError(
            "damaged .BTF.ext header", why=f"unexpected version {version} or size {size}"
        )
    # Headers from clang 8 lack the offset and length of the CO-RE table.
    core = struct.unpack_from(order + "II", data, known) if size >= known + 8 else (0, 0)
    body, name = data[size:], strings.text
    return ExtInfo(
        _decode(_table(body, order, *pairs[:2]), 2, name, _func_info),
        _decode(_table(body, order, *pairs[2:]), 4, name, _line_info),
        _decode(_table(body, order, *core), 4, name, _core_relo),
    )


def _table(body: bytes, order: str, offset: int, length: int) -> Words:
    """Return a table of .BTF.ext as 32-bit words."""
    if offset + length > len(body) or length % 4:
        raise FormatError(
            "truncated .BTF.ext",
            why=(
                f"a table of {length} bytes at offset {offset} extends past the end "
                f"({len(body)} bytes)"
            ),
        )
    return struct.unpack_from(f"{order}{length // 4}I", body, offset)


def _decode(
    words: Words, known: int, name: Callable[[int], str], record: Callable[..., R]
) -> dict[str, list[R]]:
    """Decode a table into records by section name; each record consists of ``known`` words."""
    tables: dict[str, list[R]] = {}
    if not words:
        return tables
    width = words[0] // 4
    if words[0] % 4 or width < known:
        raise FormatError("damaged .BTF.ext", why=f"invalid record size {words[0]}")
    at = 1
    while at < len(words):
        start = at + 2
        end = start + width * words[at + 1] if start <= len(words) else start
        # The kernel requires each section to have at least one record, which also bounds this loop.
        if end > len(words) or end == start:
            raise FormatError("damaged .BTF.ext", why=f"the section at word {at} has no records")
        rows = tables.setdefault(name(words[at]), [])
        rows += [record(words[i : i + known], name) for i in range(start, end, width)]
        at = end
    return tables


def encode_ext_info(info: ExtInfo, strings: StringTable, order: str = "<") -> bytes:
    """Encode .BTF.ext. Encoding adds names to ``strings``, so encode .BTF.ext before .BTF."""
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


def _encode(table: Mapping[str, Sequence[AnyRecord]], strings: StringTable) -> list[int]:
    """Encode a table as words; an empty table has no words, not even a record size."""
    words: list[int] = []
    for section, records in table.items():
        rows = [_words(record, strings) for record in records]
        if rows:
            words = words or [4 * len(rows[0])]
            words += [strings.add(section), len(rows), *(word for row in rows for word in row)]
    return words


def _words(record: AnyRecord, strings: StringTable) -> Words:
    if isinstance(record, FuncInfo):
        return record
    if isinstance(record, CoreRelo):
        return (record.insn_off, record.type_id, strings.add(record.access), record.relo_kind)
    # The field has 22 bits for the line and 10 bits for the column; clang also truncates columns.
    line_col = min(record.line, 0x3FFFFF) << 10 | min(record.column, 0x3FF)
    return (record.insn_off, strings.add(record.file), strings.add(record.text), line_col)


def pack(records: Iterable[FuncInfo | LineInfo], strings: StringTable, order: str = "=") -> bytes:
    """Encode records one after the other, as BPF_PROG_LOAD expects them.

    >>> from rawbpf.btf.strings import StringTable
    >>> pack([FuncInfo(0, 1), FuncInfo(4, 2)], StringTable(), "<").hex(" ", 4)
    '00000000 01000000 04000000 02000000'
    """
    words = [word for record in records for word in _words(record, strings)]
    return struct.pack(f"{order}{len(words)}I", *words)


def unpack_func_info(data: bytes, size: int) -> list[FuncInfo]:
    """Decode a loaded program's function records, each ``size`` bytes long.

    >>> from rawbpf.btf.strings import StringTable
    >>> unpack_func_info(pack([FuncInfo(0, 1), FuncInfo(4, 2)], StringTable()), 8)
    [FuncInfo(insn_off=0, type_id=1), FuncInfo(insn_off=4, type_id=2)]
    """
    return [FuncInfo(*struct.unpack_from("=2I", data, at)) for at in range(0, len(data), size)]


def unpack_line_info(data: bytes, size: int, name: Callable[[int], str]) -> list[LineInfo]:
    """Decode line records; ``name`` looks up strings in the program's BTF."""
    places = range(0, len(data), size)
    return [_line_info(struct.unpack_from("=4I", data, at), name) for at in places]
