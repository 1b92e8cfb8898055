import io
import os

import pytest

from rawbpf.errors import FormatError, RawbpfError
from rawbpf.guest.wire.cpio import Member, decode, encode, members, unpack


def test_round_trip_of_a_folder(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "a/b").mkdir(parents=True)
    (here / "a/b/file").write_bytes(bytes(range(256)))
    (here / "a/tool").write_text("#!")
    (here / "a/tool").chmod(0o755)
    (here / "link").symlink_to("a/b/file")
    os.mkfifo(here / "pipe")
    archive = io.BytesIO(b"".join(encode(members(str(here)))))
    unpack(decode(archive), there)
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
    ],
)
def test_no_file_is_created_outside_the_folder(tmp_path, hostile):
    with pytest.raises(FormatError, match="outside of /out"):
        unpack(hostile, tmp_path / "there")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "there/link").is_symlink()


def test_files_that_cannot_be_written(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(RawbpfError, match=r"cannot write .*/file: Is a directory"):
        unpack([Member("file", 0o100644, b"theirs")], tmp_path)


def test_an_existing_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").symlink_to(tmp_path / "precious")
    unpack([Member("file", 0o100644, b"theirs")], tmp_path / "there")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "there/file").read_text() == "theirs"
