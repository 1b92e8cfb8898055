import io
import os
from contextlib import suppress
from pathlib import Path

import pytest

from rawbpf.errors import FormatError, RawbpfError
from rawbpf.guest.wire import out
from rawbpf.guest.wire.cpio import Member, decode, encode
from rawbpf.guest.wire.out import pack, unpack


def archive(members):
    return io.BytesIO(b"".join(encode(members)))


def omitted(path, why):
    pytest.fail(f"{path} was omitted: {why}")


def test_round_trip_of_a_folder(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "a/b").mkdir(parents=True)
    (here / "a/b/file").write_bytes(bytes(range(256)))
    (here / "a/tool").write_text("#!")
    (here / "a/tool").chmod(0o755)
    (here / "link").symlink_to("a/b/file")
    os.mkfifo(here / "pipe")
    unpack(io.BytesIO(b"".join(pack(str(here), omitted))), there)
    found = sorted(str(path.relative_to(there)) for path in there.rglob("*"))
    assert found == ["a", "a/b", "a/b/file", "a/tool", "link"]
    assert (there / "link").read_bytes() == bytes(range(256))
    assert os.access(there / "a/tool", os.X_OK)
    assert (there / "a/tool").stat().st_mtime == int((here / "a/tool").stat().st_mtime)


@pytest.mark.parametrize(
    "hostile",
    [
        [Member("../evil", 0o100644, b"x")],
        [Member("/evil", 0o100644, b"x")],
        [Member("a/../../evil", 0o100644, b"x")],
        [Member("..", 0o040755)],
        [Member("link", 0o120777, b"../evil")],
        [Member("link", 0o120777, b"/etc/passwd")],
        [Member("link", 0o120777, b"a\0b")],
        [Member("link", 0o120777, b"")],
        [Member("a\0b", 0o100644, b"x")],
        [Member("", 0o100644, b"x")],
        [Member("d", 0o040755), Member("link", 0o120777, b"d/../..")],
    ],
)
def test_no_file_is_created_outside_the_folder(tmp_path, hostile):
    with pytest.raises(FormatError, match="outside /out"):
        unpack(archive(hostile), tmp_path / "there")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "there/link").is_symlink()


def test_files_that_cannot_be_written(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(RawbpfError, match=r"cannot write .*/file: Is a directory"):
        unpack(archive([Member("file", 0o100644, b"theirs")]), tmp_path)


def test_an_existing_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").symlink_to(tmp_path / "precious")
    unpack(archive([Member("file", 0o100644, b"theirs")]), tmp_path / "there")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "there/file").read_text() == "theirs"


def link(path, target):
    return Member(path, 0o120777, target)


def folder(path):
    return Member(path, 0o040755)


def test_a_link_that_leads_outside_in_two_steps(tmp_path):
    with pytest.raises(FormatError, match="link outside /out: 'x'"):
        unpack(
            archive(
                [folder("d1"), folder("d1/d2"), folder("d1/d2/d3"), link("y", b"d1/d2/d3"),
                 link("x", b"y/../.."), link("y", b"d1")]
            ),
            tmp_path / "there",
        )  # fmt: skip
    assert not (tmp_path / "there/x").is_symlink()
    assert (tmp_path / "there/y").readlink().name == "d1"


def test_links_up_inside_of_the_folder_are_kept(tmp_path):
    unpack(
        archive([folder("a"), folder("a/b"), link("a/b/up", b"../../c"), link("l", b"l")]), tmp_path
    )
    assert str((tmp_path / "a/b/up").readlink()) == "../../c"


def test_links_in_a_circle(tmp_path):
    unpack(archive([link("a", b"b"), link("b", b"a"), link("c", b"a")]), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_nothing_is_created_through_a_link(tmp_path):
    for members in (
        [link("l", b"l"), Member("l/f", 0o100644, b"x")],
        [folder("d"), link("l", b"d"), Member("l/f", 0o100644, b"x")],
        [folder("d"), link("l", b"d"), folder("l")],
    ):
        with pytest.raises(RawbpfError, match=r"cannot write .*/l"):
            unpack(archive(members), tmp_path)
    assert not list((tmp_path / "d").iterdir())


def test_one_bad_entry_does_not_discard_the_others(tmp_path):
    bad = [Member("n" * 300, 0o100644, b"x" * 5), Member("../evil", 0o100644), link("l", b"/")]
    with pytest.raises(RawbpfError, match="File name too long; 2 more entries") as caught:
        unpack(archive([*bad, Member("good", 0o100644, b"good")]), tmp_path)
    assert "'../evil'" in caught.value.details
    assert (tmp_path / "good").read_bytes() == b"good"


def test_a_target_that_is_not_a_folder():
    with pytest.raises(RawbpfError, match="cannot write /dev/full: File exists"):
        unpack(archive([Member("x", 0o100644, b"x")]), Path("/dev/full"))


def test_what_is_too_large_is_omitted_and_named(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "z").write_bytes(b"z")
    told = []
    data = b"".join(pack(str(tmp_path), lambda *words: told.append(words), largest=1000))
    assert [member.path for member in decode(io.BytesIO(data))] == ["a", "z"]
    assert [path for path, _ in told] == ["sparse"]


def test_the_number_of_entries_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(out, "MOST_ENTRIES", 3)
    for name in "abcde":
        (tmp_path / name).touch()
    told = []
    data = b"".join(pack(str(tmp_path), lambda *words: told.append(words)))
    assert len(list(decode(io.BytesIO(data)))) == 3
    assert len(told) == 1
    with pytest.raises(FormatError, match="the limit is 3 entries"):
        unpack(archive([folder(name) for name in "abcde"]), tmp_path / "there")


HOSTILE = sorted((Path(__file__).parents[2] / "corpora" / "guest-out").iterdir())


@pytest.mark.parametrize("case", HOSTILE, ids=lambda path: path.name)
def test_archives_that_once_raised_other_errors(tmp_path, case):
    before = sorted(tmp_path.iterdir())
    with suppress(RawbpfError):
        unpack(io.BytesIO(case.read_bytes()), tmp_path / "there")
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "there"] == before
