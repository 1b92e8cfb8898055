"""Starts of types: found as far as needed, with the same results as a complete walk."""

from array import array

import pytest

from rawbpf.btf import starts
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_STRUCT

COUNT = 30_000


@pytest.fixture(scope="module")
def data():
    """A section too large to be walked when opened; every third type has members."""
    b = BtfBuilder()
    b.add_int("int", 4)
    for number in range(COUNT):
        members = [("a", 1, 0), ("b", 1, 32)] if number % 3 == 0 else []
        b.add_struct(f"s{number}", 8, members)
    return b.encode()


def walked(opened):
    return opened._starts._count


def test_near_types_are_found_without_walking_far(data):
    opened = Btf(data)
    assert walked(opened) == 0
    assert opened[5].name == "s3"
    assert opened.find_id("s3") == 5
    assert 0 < walked(opened) < COUNT // 2
    assert opened.find_id("s3", BTF_KIND_FUNC) is None  # decided by its bytes, without walking
    assert opened.find_ids("s29999", (BTF_KIND_FUNC, BTF_KIND_STRUCT)) == [COUNT + 1]
    assert walked(opened) == COUNT + 1


def test_lazy_and_complete_walks_agree(data, monkeypatch):
    far = Btf(data)
    monkeypatch.setattr(starts, "_SMALL", 1 << 30)
    at_once = Btf(data)
    assert walked(at_once) == len(at_once) - 1 == COUNT + 1
    for number in (1, 2, 8, 9, 4096, 4097, COUNT, COUNT + 1):
        assert far[number] == at_once[number]
        assert far.kind(number) == at_once.kind(number)
    assert list(far) == list(at_once)
    with pytest.raises(FormatError, match="last type ID is 30001"):
        Btf(data)[COUNT + 2]


def test_a_word_inside_a_type_is_not_a_start(data):
    known = Btf(data)._starts
    assert [known.index_of(word) for word in (0, 1, 4, 5, 13)] == [0, None, 1, None, 2]


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_damage_at_the_end_is_reported_when_it_is_reached(cut, monkeypatch):
    monkeypatch.setattr(starts, "_SMALL", 0)
    words = array("I", [1, 4 << 24 | 9, 0] + [0] * (27 - cut))
    far = starts.Starts(words, {})
    for _ in range(2):
        with pytest.raises(FormatError, match="type 1 ends at word 30"):
            far.all()


def test_a_last_type_that_ends_too_late_is_detected_at_the_end_of_a_group(monkeypatch):
    monkeypatch.setattr(starts, "_SMALL", 0)
    words = array("I", [0, 2 << 24, 0] * 15 + [1, 4 << 24 | 9, 0])
    far = starts.Starts(words, {})
    for _ in range(2):
        with pytest.raises(
            FormatError, match="type 16 ends at word 75, but the type section ends at 48"
        ):
            far.span(15)
