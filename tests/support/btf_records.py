"""BTF made by hand and by hypothesis."""

from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder

INT = t.Int("int", 4, 32, 1)

EVERY_KIND = (
    INT,  # 1
    t.Int("_Bool", 1, 8, 4),
    t.Int("char", 1, 8, 2),
    t.Int("long unsigned int", 8, 64),
    t.Ptr(0),  # 5
    t.Array(1, 4, 3),
    t.Struct("point", 8, (t.Member("x", 1, 0), t.Member("y", 1, 32))),
    t.Struct(
        "flags",
        4,
        (t.Member("a", 1, 0, 3), t.Member("b", 1, 3, 1), t.Member("", 9, 0)),
        kind_flag=True,
    ),
    t.Union("", 4, (t.Member("i", 1, 0), t.Member("c", 3, 0))),
    t.Enum("colour", 4, (t.Enumerator("RED", 0), t.Enumerator("NONE", 0xFFFFFFFF))),  # 10
    t.Enum("sign", 4, (t.Enumerator("MINUS", -1), t.Enumerator("PLUS", 1)), signed=True),
    t.Fwd("elsewhere"),
    t.Fwd("either", is_union=True),
    t.Typedef("pid_t", 1),
    t.Volatile(1),  # 15
    t.Const(15),
    t.Restrict(5),
    t.FuncProto(1, (t.Param("fmt", 5), t.Param("", 0))),
    t.Func("printk", 18, 2),
    t.Var("counter", 1, 1),  # 20
    t.DataSec(".data", 4, (t.SecVar(20, 0, 4),)),
    t.Float("double", 8),
    t.DeclTag("kptr", 7, 1),
    t.DeclTag("bpf_fastcall", 19, -1, is_attribute=True),
    t.TypeTag("user", 3),  # 25
    t.TypeTag("address_space(1)", 3, is_attribute=True),
    t.Enum64("big", 8, (t.Enumerator("HIGH", 1 << 40), t.Enumerator("ALL", (1 << 64) - 1))),
    t.Enum64("deep", 8, (t.Enumerator("LOW", -(1 << 63)),), signed=True),
    t.Union("either", 4, (t.Member("a", 1, 0),)),
)


def blob(*records, base=None, order="<") -> bytes:
    builder = BtfBuilder(base, order)
    for record in records:
        builder.add(record)
    return builder.encode()


def btf(*records, base=None, order="<") -> Btf:
    return Btf.from_bytes(blob(*records, base=base, order=order), base)


u8, u16, u24, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 24, 32))
i32 = st.integers(-(1 << 31), (1 << 31) - 1)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def build(cls, *parts):
    """As st.builds, which would also think of other kinds than the record's own."""
    return st.tuples(*parts).map(lambda args: cls(*args))


def several(elements):
    return st.lists(elements, max_size=4).map(tuple)


def _members(kind_flag):
    bits = build(t.Member, names, u32, u24, u8)
    return several(bits if kind_flag else build(t.Member, names, u32, u32))


def _composite(cls):
    return st.booleans().flatmap(lambda flag: build(cls, names, u32, _members(flag), st.just(flag)))


def _enum(cls, bits):
    def values(signed):
        low = -(1 << (bits - 1)) if signed else 0
        one = build(t.Enumerator, names, st.integers(low, low + (1 << bits) - 1))
        return build(cls, names, u32, several(one), st.just(signed))

    return st.booleans().flatmap(values)


records = st.one_of(
    build(t.Int, names, u32, u8, st.integers(0, 15), u8),
    *(build(cls, u32) for cls in (t.Ptr, t.Volatile, t.Const, t.Restrict)),
    build(t.Array, u32, u32, u32),
    _composite(t.Struct),
    _composite(t.Union),
    _enum(t.Enum, 32),
    _enum(t.Enum64, 64),
    build(t.Fwd, names, st.booleans()),
    build(t.Typedef, names, u32),
    build(t.Func, names, u32, u24),
    build(t.FuncProto, u32, several(build(t.Param, names, u32))),
    build(t.Var, names, u32, u32),
    build(t.DataSec, names, u32, several(build(t.SecVar, u32, u32, u32))),
    build(t.Float, names, u32),
    build(t.DeclTag, names, u32, i32, st.booleans()),
    build(t.TypeTag, names, u32, st.booleans()),
)
"""Any record that BTF can hold, whether or not it means anything."""
