"""The named fields of a call's structures, as used by the line, JSON and dump formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.narration.capture.layout import given, numbers, origin, place
from rawbpf.narration.capture.pointers import pointers
from rawbpf.narration.tell import values
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrMapElem, BpfAttrObjId
from rawbpf.uapi.fields import c_name
from rawbpf.uapi.perf_event import PerfEventAttr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.narration.capture.call import Block, Call, Ref

__all__ = ["Member", "content", "members"]

_MOST = 4
"""The number of array elements to print."""


class Member(NamedTuple):
    """A field, with its dotted C ``name``.

    ``empty`` means that the field is 0 before and after the call.
    """

    field: str
    name: str
    text: str
    empty: bool


def members(call: Call, block: Block) -> Iterator[Member]:
    """Yield the fields of a structure that lie within its bytes."""
    assert block.struct is not None
    for field in given(block.struct, block.room):
        at, size, _ = place(block.struct, field)
        raw = (block.before or b"")[at : at + size]
        after = raw if block.after is None else block.after[at : at + size]
        text = _text(call, block, field)
        yield Member(field, _name(call, block, field), text, not any(raw) and not any(after))


_IDS = {"BPF_PROG": "prog_id", "BPF_MAP_": "map_id", "BPF_BTF_": "btf_id", "BPF_LINK": "link_id"}


def _name(call: Call, block: Block, field: str) -> str:
    if block.struct is BpfAttrMapElem and field == "value" and "NEXT_KEY" in call.command:
        return "next_key"
    if block.struct is BpfAttrObjId and field == "id" and "FD_BY_ID" in call.command:
        return _IDS[call.command[:8]]
    assert block.struct is not None
    return c_name(origin(block.struct, field), field)


def _text(call: Call, block: Block, field: str) -> str:
    assert block.struct is not None
    at, size, bits = place(block.struct, field)
    ref = next((ref for ref in block.refs if ref.at == at and not bits), None)
    if ref is not None and ref.block is not None:
        return content(call, call.blocks[ref.block], _address(block, at))
    before = _value(call, block, field, block.before or b"", ref)
    if block.after is None:
        return before
    after = _value(call, block, field, block.after, ref)
    if block.kind == "info" and not any((block.before or b"")[at : at + size]):
        return after  # the kernel has filled in this field
    return before if after == before else f"{before} => {after}"


def _address(block: Block, at: int) -> int:
    return int.from_bytes((block.before or b"")[at : at + 8], "little")


def _value(call: Call, block: Block, field: str, raw: bytes, ref: Ref | None) -> str:
    """Format a field's value before or after the call."""
    struct = block.struct
    assert struct is not None
    at, size, _ = place(struct, field)
    found = numbers(struct, raw)
    if field not in found:
        data = raw[at : at + size]
        is_text = isinstance(getattr(struct(), field), bytes)  # char, not u8
        return values.quoted(data.partition(b"\0")[0] if is_text else data)
    number = found[field]
    if ref is not None:
        return call.shown_fd(number)
    command = bpf_cmd.__members__.get(call.command, -1)
    if field in pointers(struct, command):
        return hex(number) if number else "NULL"
    if struct is PerfEventAttr and field == "flags":
        names = {1 << bit: name for bit, name in enumerate(values.PERF_BITS)} | {0: "0"}
        return values.flags(number, names)
    return values.named(struct, field, number, found)


def content(call: Call, block: Block, address: int) -> str:
    """Format the memory that a pointer refers to, or only the address if it is unwritten."""
    data = block.before if block.before is not None else block.after
    if block.struct is not None:
        shown = (f"{one.name}={one.text}" for one in members(call, block) if not one.empty)
        return "{" + ", ".join(shown) + "}"
    if data is None:
        return hex(address)
    if block.kind in ("insns", "records", "btf"):
        return f"[... /* {_counted(block.kind, data)} */]"
    if block.kind == "text" or block.kind.endswith("probe"):
        return values.quoted(data.partition(b"\0")[0], longest=256)
    if block.kind in _WIDTHS:
        return _array(call, block, data, _WIDTHS[block.kind])
    if block.kind in ("key", "value") and len(data) in (1, 2, 4, 8):
        return _array(call, block, data, len(data))
    return values.quoted(data)


_WIDTHS = {"texts": 8, "u64s": 8, "u32s": 4, "fds": 4}


def _counted(kind: str, data: bytes) -> str:
    return f"{len(data) // 8} slots" if kind == "insns" else f"{len(data)} bytes"


def _array(call: Call, block: Block, data: bytes, width: int) -> str:
    """Format the first few elements in brackets."""
    refs = {ref.at: ref for ref in block.refs}
    shown = []
    for at in range(0, len(data), width)[:_MOST]:
        number, ref = int.from_bytes(data[at : at + width], "little"), refs.get(at)
        if ref is not None and ref.block is not None:
            shown.append(content(call, call.blocks[ref.block], number))
        else:
            shown.append(str(number) if ref is None else call.shown_fd(number))
    more = ["..."] if len(data) > _MOST * width else []
    return f"[{', '.join(shown + more)}]"
