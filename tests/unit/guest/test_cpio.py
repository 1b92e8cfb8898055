import io
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.guest.wire.cpio import TRAILER, Member, decode, encode

paths = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40)
members = st.builds(
    Member,
    path=paths.filter(lambda path: path != TRAILER),
    mode=st.sampled_from([0o040755, 0o100644, 0o100755, 0o120777, 0o020600]),
    data=st.binary(max_size=100),
    mtime=st.integers(0, 2**32 - 1),
    device=st.tuples(st.integers(0, 4095), st.integers(0, 255)),
)


@given(st.lists(members, max_size=6))
def test_round_trip(given_members):
    archive = b"".join(encode(given_members))
    assert list(decode(io.BytesIO(archive))) == given_members
    assert len(archive) % 4 == 0, "another archive could not follow"


def test_one_archive_after_another():
    both = io.BytesIO(
        b"".join([*encode([Member("a", 0o100644)]), *encode([Member("b", 0o100644)])])
    )
    assert [member.path for member in decode(both)] == ["a"]
    assert [member.path for member in decode(both)] == ["b"]


def test_the_header_matches_the_kernels_documentation():
    (header, *_) = encode([Member("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))])
    fields = [header[6 + 8 * index : 14 + 8 * index] for index in range(13)]
    assert header[:6] == b"070701"
    assert fields[1] == b"00002180"  # c_mode
    assert fields[9:12] == [b"00000005", b"00000001", b"0000000C"]  # c_rmaj, c_rmin, c_namesize
    assert header[110:] == b"dev/console\0" + bytes(2)


def test_names_that_are_not_utf_8():
    archive = b"".join(encode([Member("caf\udce9", 0o100644)]))
    assert b"caf\xe9\0" in archive
    assert next(decode(io.BytesIO(archive))).path == "caf\udce9"


@given(st.lists(members, max_size=3), st.data())
def test_damage_gives_members_or_a_format_error(given_members, data):
    archive = bytearray(b"".join(encode(given_members)))
    place = data.draw(st.integers(0, len(archive) - 1))
    archive[place] = data.draw(st.integers(0, 255))
    del archive[data.draw(st.integers(0, len(archive))) :]
    try:
        list(decode(io.BytesIO(bytes(archive))))
    except FormatError:
        pass


@pytest.mark.parametrize("size", [0, 6, 109, 110, 120, 123])
def test_a_truncated_archive(size):
    archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    with pytest.raises(FormatError, match="truncated"):
        list(decode(io.BytesIO(archive[:size])))


def test_a_huge_size_allocates_nothing():
    archive = bytearray(b"".join(encode([Member("greeting", 0o100644, b"hello")])))
    archive[54:62] = b"FFFFFFFF"
    with pytest.raises(FormatError, match="missing"):
        list(decode(io.BytesIO(bytes(archive))))
