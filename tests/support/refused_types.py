"""Types that the kernel rejects for one reason each, and the rule that must explain it."""

import struct

from rawbpf.btf import types as t
from rawbpf.btf.header import encode_header
from tests.support.btf_records import INT, blob

M, E, P = t.Member, t.Enumerator, t.Param
_PROTO = t.FuncProto(0)
_VAR = t.Var("v", 1, 1)
_HEAD = 24


def raw(*words, strings=b"\0x\0int\0a-b\0"):
    """Encode a blob of words that no BTF encoder would write."""
    body = struct.pack(f"<{len(words)}I", *words)
    return encode_header("<", len(body), len(strings)) + body + strings


def _patched(at, new):
    good = blob(INT)
    return good[:at] + new + good[at + len(new) :]


_INT = (3, 1 << 24, 4, 0x01000020)

# fmt: off
REFUSED = {
    "no types": ("RB-T008", blob()),
    "int: bits": ("RB-T005", blob(t.Int("int", 4, 40))),
    "int: encoding": ("RB-T005", blob(t.Int("int", 4, 32, 3))),
    "int: data": ("RB-T005", raw(3, 1 << 24, 4, 0xF1000020)),
    "pointer to nothing": ("RB-T002", blob(INT, t.Ptr(99))),
    "member: behind the end": ("RB-T003", blob(
        INT, t.Struct("s", 4, (M("a", 1, 0), M("b", 1, 32))))),
    "member: no type": ("RB-T002", blob(INT, t.Struct("s", 4, (M("a", 77, 0),)))),
    "member: void": ("RB-T002", blob(INT, t.Struct("s", 4, (M("a", 0, 0),)))),
    "member: name": ("RB-T001", blob(INT, t.Struct("s", 4, (M("a-b", 1, 0),)))),
    "member: order": ("RB-T003", blob(INT, t.Struct("s", 8, (M("a", 1, 32), M("b", 1, 0))))),
    "member: name's place": ("RB-T001", raw(*_INT, 1, 4 << 24 | 1, 4, 999, 1, 0)),
    "struct: name": ("RB-T001", blob(INT, t.Struct("Foo<T>", 4, (M("a", 1, 0),)))),
    "struct in itself": ("RB-T004", blob(INT, t.Struct("s", 4, (M("a", 2, 0),)))),
    "two structs in each other": ("RB-T004", blob(
        t.Struct("s", 4, (M("a", 2, 0),)), t.Struct("q", 4, (M("a", 1, 0),)))),
    "forty structs": ("RB-T004", blob(INT, *(
        t.Struct(f"s{n}", 4, (M("a", n + 3 if n < 39 else 1, 0),)) for n in range(40)))),
    "bitfield: bits": ("RB-T003", blob(INT, t.Struct("s", 4, (M("a", 1, 0, 40),), True))),
    "bitfield: end": ("RB-T003", blob(INT, t.Struct("s", 4, (M("a", 1, 20, 20),), True))),
    "union: end": ("RB-T003", blob(INT, t.Union("u", 2, (M("a", 1, 0),)))),
    "union: place": ("RB-T003", blob(INT, t.Union("u", 8, (M("a", 1, 32),)))),
    "array of void": ("RB-T002", blob(INT, t.Array(0, 1, 3))),
    "array: index": ("RB-T002", blob(INT, t.Ptr(1), t.Array(1, 2, 3))),
    "array: size": ("RB-T005", blob(INT, t.Array(1, 1, 0xFFFFFFFF))),
    "array of itself": ("RB-T004", blob(INT, t.Array(2, 1, 3))),
    "enum: size": ("RB-T005", blob(t.Enum("e", 3, (E("A", 0),)))),
    "enum: value's name": ("RB-T001", blob(t.Enum("e", 4, (E("A-B", 0),)))),
    "forward without name": ("RB-T001", blob(t.Fwd(""))),
    "typedef without name": ("RB-T001", blob(INT, t.Typedef("", 1))),
    "typedef: name": ("RB-T001", blob(INT, t.Typedef("a b", 1))),
    "typedef of itself": ("RB-T004", blob(t.Typedef("a", 2), t.Typedef("b", 1))),
    "const of itself": ("RB-T004", blob(t.Const(2), t.Const(1))),
    "function of no prototype": ("RB-T002", blob(INT, t.Func("f", 1))),
    "function without name": ("RB-T001", blob(INT, _PROTO, t.Func("", 2))),
    "function: linkage": ("RB-T007", blob(INT, _PROTO, t.Func("f", 2, 7))),
    "function: argument's name": ("RB-T002", blob(
        INT, t.FuncProto(0, (P("", 1),)), t.Func("f", 2))),
    "prototype: result": ("RB-T002", blob(INT, t.FuncProto(77))),
    "prototype: argument": ("RB-T002", blob(INT, t.FuncProto(0, (P("a", 77),)))),
    "variable: linkage": ("RB-T007", blob(INT, t.Var("v", 1, 9))),
    "variable without name": ("RB-T001", blob(INT, t.Var("", 1, 1))),
    "variable of void": ("RB-T002", blob(INT, t.Var("v", 0, 1))),
    "variable of a forward": ("RB-T002", blob(t.Fwd("x"), t.Var("v", 1, 1))),
    "section: empty": ("RB-T007", blob(INT, _VAR, t.DataSec(".data", 0, (t.SecVar(2, 0, 4),)))),
    "section: no variable": ("RB-T002", blob(INT, t.DataSec(".data", 4, (t.SecVar(1, 0, 4),)))),
    "section: place": ("RB-T007", blob(INT, _VAR, t.DataSec(".data", 4, (t.SecVar(2, 4, 4),)))),
    "section: size": ("RB-T007", blob(INT, _VAR, t.DataSec(".data", 4, (t.SecVar(2, 0, 2),)))),
    "section: void": ("RB-T002", blob(INT, _VAR, t.DataSec(".data", 4, (t.SecVar(0, 0, 4),)))),
    "kind": ("RB-T006", raw(1, 30 << 24, 4)),
    "kind 0": ("RB-T006", raw(1, 0, 4)),
    "type: name's place": ("RB-T001", raw(999, *_INT[1:])),
    "type: cut": ("RB-T008", raw(*_INT[:3])),
    "type: cut head": ("RB-T008", raw(*_INT[:2])),
    "struct: cut": ("RB-T008", raw(*_INT, 1, 4 << 24 | 5, 4)),
    "int: count": ("RB-T009", raw(3, 1 << 24 | 1, *_INT[2:])),
    "int: flag": ("RB-T009", raw(3, 1 << 31 | 1 << 24, *_INT[2:])),
    "pointer: name": ("RB-T001", raw(*_INT, 1, 2 << 24, 1)),
    "pointer: count": ("RB-T009", raw(*_INT, 0, 2 << 24 | 3, 1)),
    "array: field": ("RB-T009", raw(*_INT, 0, 3 << 24, 9, 1, 1, 1)),
    "forward: field": ("RB-T009", raw(*_INT, 1, 7 << 24, 5)),
    "header: magic": ("RB-T008", _patched(0, b"\0\0")),
    "header: version": ("RB-T008", _patched(2, b"\x09")),
    "header: flags": ("RB-T008", _patched(3, b"\x01")),
    "header: cut": ("RB-T008", blob(INT)[:10]),
    "header: nothing behind": ("RB-T008", blob(INT)[:_HEAD]),
    "header: place": ("RB-T008", _patched(8, struct.pack("<I", 4))),
    "something behind": ("RB-T008", blob(INT) + b"xxxx"),
    "strings: end": ("RB-T008", raw(*_INT, strings=b"\0x\0int")),
    "strings: beginning": ("RB-T008", raw(*_INT, strings=b"x\0int\0")),
    "strings: cut": ("RB-T008", blob(INT)[:-2]),
    "other byte order": ("RB-T008", blob(INT, order=">")),
}
"""Types that every kernel rejects, by name, with their rule."""

NEWER = {
    "float: size": ("RB-T005", blob(t.Float("f", 3)), (5, 13)),
    "float: place": ("RB-T003", blob(
        t.Float("f", 8), t.Struct("s", 16, (M("a", 1, 32),))), (5, 13)),
    "tag without text": ("RB-T010", blob(INT, t.DeclTag("", 1, -1)), (5, 16)),
    "tag on the fourth of one": ("RB-T010", blob(
        INT, t.Struct("s", 4, (M("a", 1, 0),)), t.DeclTag("x", 2, 4)), (5, 16)),
    "tag of a type without name": ("RB-T001", blob(INT, t.TypeTag("", 1)), (5, 17)),
    "enum64: size": ("RB-T005", blob(t.Enum64("e", 3, (E("A", 0),))), (6, 0)),
}
"""Types of kinds that were added later. Older kernels reject the kind itself (RB-T006)."""
# fmt: on
