r"""Convert a Call to a line of JSON and back, with all data needed to repeat the call.

    call, command    "bpf", "BPF_MAP_CREATE"
    words            numbers; {"block": 0} for the address of a block ("address" when recorded),
                     {"fd": 3} for a descriptor, {"mapping": n} for the address of an earlier mmap
    blocks           in: bytes passed to the kernel, in hex; room: size of the memory;
                     out: bytes written by the kernel; refs: places of addresses and descriptors;
                     varies: places that differ in every run
    fds              descriptor -> label
    result, errno    the outcome; makes: "fd" or "mapping" if the result is one
    fields, line     the same for people; why: the reason

>>> call = Call("close", "", (3,), 0, refs=(Ref(0, 8, fd=3),), fds={3: "map:events"})
>>> decode(encode(call, "because")) == call
True
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rawbpf.errors import FormatError
from rawbpf.narration.capture.call import WORDS, Block, Call, Ref
from rawbpf.narration.capture.layout import LINK_INFOS
from rawbpf.narration.tell.line import format_call
from rawbpf.narration.tell.members import members
from rawbpf.output.text import printable
from rawbpf.uapi import bpf_attr, bpf_link, perf_event
from rawbpf.uapi.bpf_link import BpfLinkInfo

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["decode", "encode"]

_WRONG = ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError
"""Errors that can occur while a file that is not a recording is read."""

_LONGEST_REASON = 120
"""Such an error may quote a whole line."""

_LONGEST_NAME = 64
"""The maximum length of the names of calls and commands."""

_MAX_ERRNO = 4095
_LONGEST = 10**6
"""The maximum duration of a call in seconds."""


def encode(call: Call, why: str = "") -> str:
    """Return the JSON line for a call, without a newline."""
    shown: dict[str, Any] = {"call": call.name}
    if call.command:
        shown["command"] = call.command
    shown |= {
        "words": [_word(call, at) for at in range(len(call.words))],
        "blocks": [_block(block) for block in call.blocks],
        "fds": {str(fd): label for fd, label in call.fds.items()},
        "result": call.result,
        "errno": call.errno or None,
        "makes": call.makes or None,
        "seconds": call.seconds,
        "fields": _fields(call),
        "line": format_call(call),
        "why": why,
    }
    return json.dumps(shown)


def _word(call: Call, at: int) -> object:
    ref = next((ref for ref in call.refs if ref.at == at), None)
    if ref is None:
        return call.words[at]
    if ref.block is not None:
        return {"block": ref.block, "address": call.words[at]}
    return {"mapping": call.words[at]} if ref.fd is None else {"fd": ref.fd}


def _block(block: Block) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": block.path, "kind": block.kind, "room": block.room}
    if block.struct is not None:
        shown["struct"] = block.struct.__name__
    if block.before is not None:
        shown["in"] = block.before.hex()
    if block.after is not None:
        shown["out"] = block.after.hex()
    if block.refs:
        shown["refs"] = [_ref(ref) for ref in block.refs]
    if block.varies:
        shown["varies"] = [list(one) for one in block.varies]
    return shown


def _ref(ref: Ref) -> dict[str, int]:
    shown = {"at": ref.at, "size": ref.size}
    return shown | ({"fd": ref.fd} if ref.fd is not None else {"block": ref.block or 0})


def _fields(call: Call) -> dict[str, str]:
    """Return the fields of all structures as a dict from path to text."""
    found = {}
    for block in call.blocks:
        if block.struct is not None:
            prefix = block.path.removeprefix("attr").lstrip(".")
            for one in members(call, block):
                found[f"{prefix}.{one.name}" if prefix else one.name] = one.text
    return found


_STRUCTS: dict[str, type[Structure]] = {
    name: getattr(module, name)
    for module in (bpf_attr, bpf_link, perf_event)
    for name in module.__all__
    if isinstance(getattr(module, name), type) and hasattr(getattr(module, name), "_fields_")
}


_STRUCTS |= {info.__name__: info for info in LINK_INFOS.values()}
_STRUCTS |= {"BpfLinkInfo": BpfLinkInfo}


def decode(line: str) -> Call:
    """Return the call that a line describes.

    Raises FormatError if the line does not describe a call.
    """
    try:
        told = json.loads(line)
        words, refs = _words(told["words"])
        return _whole(
            Call(
                str(told["call"]),
                str(told.get("command", "")),
                words,
                _result(told["result"]),
                _seconds(told["seconds"]),
                tuple(map(_block_of, told["blocks"])),
                refs,
                {int(fd): printable(str(label)) for fd, label in told["fds"].items()},
            )
        )
    except _WRONG as error:
        why = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        raise FormatError(f"not a recorded call: {line[:60]!r}", why=why) from None


def _whole(call: Call) -> Call:
    """Check that words and references are consistent. A block may point only to later blocks."""
    if max(len(call.name), len(call.command)) > _LONGEST_NAME:
        raise ValueError("the name of the call is too long")
    if len(call.words) != WORDS.get(call.name, len(call.words)):
        raise ValueError(f"{call.name} takes {WORDS[call.name]} words")
    places = [(-1, ref) for ref in call.refs]
    places += [(at, ref) for at, block in enumerate(call.blocks) for ref in block.refs]
    for at, ref in places:
        if ref.block is not None and not at < ref.block < len(call.blocks):
            raise ValueError(f"there is no block {ref.block}")
    return call


def _result(told: object) -> int:
    """Check that a number is a valid result or negative errno."""
    if not isinstance(told, int) or not -_MAX_ERRNO <= told < 1 << 63:
        raise ValueError(f"invalid result {told!r}")
    return told


def _seconds(told: object) -> float:
    if not isinstance(told, (int, float)) or not 0 <= told < _LONGEST:
        raise ValueError(f"invalid duration {told!r}")
    return float(told)


def _words(told: list[Any]) -> tuple[tuple[int, ...], tuple[Ref, ...]]:
    words, refs = [], []
    for at, word in enumerate(told):
        if isinstance(word, dict):
            if "block" in word:
                words.append(int(word["address"]))
                refs.append(Ref(at, 8, block=int(word["block"])))
            elif "fd" in word:
                words.append(int(word["fd"]))
                refs.append(Ref(at, 8, fd=int(word["fd"])))
            else:
                words.append(int(word["mapping"]))
                refs.append(Ref(at, 8))
        else:
            words.append(int(word))
    return tuple(words), tuple(refs)


def _block_of(told: dict[str, Any]) -> Block:
    return Block(
        str(told["path"]),
        str(told["kind"]),
        int(told["room"]),
        bytes.fromhex(told["in"]) if "in" in told else None,
        bytes.fromhex(told["out"]) if "out" in told else None,
        tuple(
            Ref(int(ref["at"]), int(ref["size"]), ref.get("block"), ref.get("fd"))
            for ref in told.get("refs", ())
        ),
        tuple((int(at), int(size)) for at, size in told.get("varies", ())),
        _STRUCTS.get(told.get("struct", "")),
    )
