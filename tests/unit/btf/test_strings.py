"""String sections: reading all names at once gives the same as reading them singly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf.strings import Strings
from rawbpf.errors import FormatError

texts = st.lists(st.sampled_from([b"", b"a", b"int", "größe".encode(), b"\xff", b"x" * 1025]))


def section(names):
    return b"\0" + b"".join(name + b"\0" for name in names)


def read(strings, offset):
    try:
        return strings.at(offset)
    except FormatError as error:
        return str(error)


@given(texts, texts)
def test_all_names_at_once(below, above):
    data = section(below)
    own = section(above)[1:]
    singly = Strings(own, Strings(data))
    base = Strings(data)
    at_once = Strings(own, base)
    base.read_all()
    at_once.read_all()
    for offset in range(len(data) + len(own) + 2):
        assert read(at_once, offset) == read(singly, offset)


def test_very_many_names_are_not_read_at_once():
    strings = Strings(bytes((1 << 18) + 2))
    strings.read_all()
    assert not strings._names
    assert strings.at(1 << 18) == ""


def test_an_offset_out_of_range_stays_an_error():
    strings = Strings(b"\0int\0")
    for _ in range(2):
        with pytest.raises(FormatError, match="name offset 5 is past the end"):
            strings.at(5)
