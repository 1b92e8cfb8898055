"""Read arbitrary BTF: the result is an answer or a FormatError, within limits."""

import json
import resource
import subprocess
import sys
from contextlib import suppress
from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.ctext.declare import declaration
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.describe import fields
from rawbpf.btf.draw import draw
from rawbpf.btf.ext_info import (
    CoreRelo,
    ExtInfo,
    FuncInfo,
    LineInfo,
    decode_ext_info,
    encode_ext_info,
)
from rawbpf.btf.raw_text import raw
from rawbpf.btf.sanitize import FEATURES, features_used, sanitized
from rawbpf.btf.sizes import align_of, size_of
from rawbpf.btf.strings import Strings, StringTable
from rawbpf.btf.values.codec import codec
from rawbpf.errors import FormatError
from tests.support.btf_records import EVERY_KIND, INT, blob, build, several

fuzz = settings(max_examples=150, deadline=None)


def consume(pieces):
    """Consume an iterator of text without storing it."""
    for _ in pieces:
        pass


def value(opened, type_id):
    reader = codec(opened, type_id)
    if reader.size < 1 << 16:
        reader.decode(bytes(reader.size))


def exercise(data, base=None):
    """Run every query on a blob. A query may raise FormatError, but nothing else."""
    try:
        opened = Btf.from_bytes(data, base)
    except FormatError:
        return
    questions = [
        lambda _: consume(c_header(opened)),
        lambda _: consume(raw(opened)),
        lambda _: consume(opened),
        lambda _: [sanitized(record, FEATURES) for _, record in opened],
        lambda _: features_used(opened),
    ]
    for ask in questions:
        with suppress(FormatError):
            ask(0)
    about_a_type = [
        lambda i: consume(raw(opened, [i])),
        lambda i: json.dumps(fields(i, opened[i])),
        lambda i: consume(draw(opened, i, depth=3)),
        lambda i: declaration(opened, i, "x"),
        lambda i: consume(c_header(opened, [i])),
        lambda i: opened.find_ids(getattr(opened[i], "name", "x")),
        lambda i: size_of(opened, i),
        lambda i: align_of(opened, i),
        lambda i: value(opened, i),
    ]
    for type_id in range(min(len(opened), 40)):
        for ask in about_a_type:
            with suppress(FormatError):
                ask(type_id)


small = st.integers(0, 7)
sizes = st.sampled_from([0, 1, 2, 3, 4, 8, 16, 64, 1 << 31, (1 << 32) - 1])
words = st.sampled_from(["", "a", "b", "int", "char", "a b", "\x1b", "bpf_kfunc", "\udcff", "if"])
bits = st.sampled_from([0, 1, 7, 8, 32, 64, 1 << 20])
members = several(build(t.Member, words, small, bits, st.sampled_from([0, 0, 1, 7, 32, 255])))
plain = several(build(t.Member, words, small, bits))
values = several(build(t.Enumerator, words, st.integers(0, 3)))
flag = st.booleans()

mentions = st.one_of(
    build(t.Int, words, sizes, st.integers(0, 255), st.integers(0, 15), st.integers(0, 255)),
    *(build(cls, small) for cls in (t.Ptr, t.Const, t.Volatile, t.Restrict)),
    build(t.Array, small, small, sizes),
    *(build(cls, words, sizes, members, st.just(True)) for cls in (t.Struct, t.Union)),
    *(build(cls, words, sizes, plain, st.just(False)) for cls in (t.Struct, t.Union)),
    build(t.Enum, words, sizes, values, flag),
    build(t.Enum64, words, sizes, values, flag),
    build(t.Fwd, words, flag),
    build(t.Typedef, words, small),
    build(t.Func, words, small, small),
    build(t.FuncProto, small, several(build(t.Param, words, small))),
    build(t.Var, words, small, small),
    build(t.DataSec, words, sizes, several(build(t.SecVar, small, sizes, sizes))),
    build(t.Float, words, sizes),
    build(t.DeclTag, words, small, small, flag),
    build(t.TypeTag, words, small, flag),
)
"""Records that often refer to each other and to themselves."""


@fuzz
@given(st.lists(mentions, max_size=7), st.sampled_from("<>"))
@example([t.Struct("", 4, (t.Member("", 1, 0), t.Member("", 1, 0)))], "<")
@example([t.FuncProto(1, (t.Param("", 1), t.Param("", 1)))], "<")
def test_types_that_refer_to_each_other(records, order):
    exercise(blob(*records, order=order))


@fuzz
@given(st.lists(mentions, max_size=3), st.lists(mentions, max_size=4))
def test_split_btf(below, above):
    base = Btf.from_bytes(blob(*below))
    exercise(blob(*above, base=base), base)


@cache
def sample():
    return blob(*EVERY_KIND)


@fuzz
@given(st.data())
def test_every_region_damaged(data):
    damaged = bytearray(sample())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    exercise(bytes(damaged))


@fuzz
@given(st.data())
def test_words_replaced(data):
    damaged = bytearray(sample())
    for _ in range(data.draw(st.integers(1, 4))):
        at = 4 * data.draw(st.integers(0, len(damaged) // 4 - 1))
        word = data.draw(st.sampled_from([0, 1, 2, 5, 0xFFFF, 0xFFFFFF, 1 << 31, (1 << 32) - 1]))
        damaged[at : at + 4] = word.to_bytes(4, "little")
    exercise(bytes(damaged))


@fuzz
@given(st.binary(max_size=64))
def test_any_bytes(data):
    exercise(data)
    exercise(sample()[:24] + data)
    with suppress(FormatError):
        decode_ext_info(data, Strings(b"\0"))


@fuzz
@given(st.data())
def test_ext_info(data):
    strings = StringTable()
    info = ExtInfo(
        {".text": [FuncInfo(0, 1)], "xdp": [FuncInfo(0, 2)]},
        {"xdp": [LineInfo(0, "a.c", "f();", 1, 1)]},
        {"xdp": [CoreRelo(0, 1, "0:1", 0)]},
    )
    damaged = bytearray(encode_ext_info(info, strings))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(damaged))) :]
    with suppress(FormatError):
        decode_ext_info(bytes(damaged), Strings(strings.encode()))


def bombs():
    """Yield small blobs that ask for enormous text, values or work."""
    long_name = "x" * 1000
    yield blob(INT, t.Struct("s", 4, tuple(t.Member(long_name, 1, 0) for _ in range(20_000))))
    yield blob(INT, *[t.Typedef(long_name, 1)] * 3, t.FuncProto(1, (t.Param("", 2),) * 20_000))
    unions = [t.Union("", 4, (t.Member("", i + 2, 0), t.Member("", i + 2, 0))) for i in range(60)]
    yield blob(*unions, INT)
    yield blob(*[t.Struct("", 4, (t.Member("", 1, 0),) * 20_000)] * 2)
    yield blob(INT, t.Array(1, 1, (1 << 32) - 1), t.Array(2, 1, (1 << 32) - 1))
    yield blob(t.Struct("", 0, ()), t.Array(1, 1, (1 << 32) - 1))
    yield blob(*[t.Struct("s", 4, ())] * 20_000)
    yield blob(*[t.Fwd(f"f{i}") for i in range(10_000)], *[t.Ptr(i) for i in range(1, 10_000)])
    yield blob(*[t.Ptr(i + 2) for i in range(20_000)])


def test_bombs_stay_within_limits():
    """Run the bombs with 300 MB of address space and 60 s of CPU, including Python's own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.test_btf"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    for bomb in bombs():
        exercise(bomb)
