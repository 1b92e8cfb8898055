import stat
import sys

import pytest

from rawbpf.errors import UsageError
from rawbpf.guest.image.tree import Tree


def paths(tree):
    return {f"/{member.path}": member for member in tree}


@pytest.fixture
def place(tmp_path):
    return tmp_path.resolve()


def test_folders_precede_a_file(place):
    (place / "a").mkdir()
    (place / "a/b").write_bytes(b"hello")
    tree = Tree()
    tree.bring(place / "a/b")
    names = list(paths(tree))
    assert names[-2:] == [f"{place}/a", f"{place}/a/b"]
    assert all(stat.S_ISDIR(member.mode) for member in list(tree)[:-1])
    assert list(tree)[-1].data == b"hello"


def test_links_in_a_path_are_kept(place):
    (place / "real").mkdir()
    (place / "real/file").write_text("x")
    (place / "absolute").symlink_to(place / "real")
    (place / "relative").symlink_to("absolute/../real")
    (place / "last").symlink_to("relative/file")
    tree = Tree()
    assert tree.bring(place / "last") == f"{place}/real/file"
    found = paths(tree)
    assert found[f"{place}/last"].data == b"relative/file"
    assert found[f"{place}/relative"].data == b"absolute/../real"
    assert found[f"{place}/absolute"].data == str(place / "real").encode()
    assert found[f"{place}/real/file"].data == b"x"


def test_a_link_to_itself_is_an_error(place):
    (place / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="too many symbolic links"):
        Tree().bring(place / "loop")


def test_a_folder_without_junk(place):
    for name in ("kept", ".git", "__pycache__", "kept/inner"):
        (place / name).mkdir()
        (place / name / "file").write_text(name)
    (place / "kept/dangling").symlink_to("nowhere")
    (place / "kept/folder").symlink_to("inner")
    tree = Tree()
    tree.bring_all(place)
    found = paths(tree)
    assert found[f"{place}/kept/inner/file"].data == b"kept/inner"
    assert found[f"{place}/kept/dangling"].data == b"nowhere"
    assert found[f"{place}/kept/folder"].data == b"inner"
    assert not [name for name in found if ".git" in name or "__pycache__" in name]


def test_modes_and_times_are_kept(place):
    (place / "tool").write_text("#!/bin/sh\n")
    (place / "tool").chmod(0o700)
    tree = Tree()
    tree.bring(place / "tool")
    member = paths(tree)[f"{place}/tool"]
    assert stat.S_IMODE(member.mode) == 0o755
    assert member.mtime == int((place / "tool").stat().st_mtime)


def test_an_executable_with_loader_and_libraries():
    tree = Tree()
    tree.bring_all(sys.executable)
    names = [name.rpartition("/")[2] for name in paths(tree)]
    assert any(name.startswith(("libc.so", "libc.musl")) for name in names)
    assert any(name.startswith("ld-") for name in names)


def test_devices_are_rejected():
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        Tree().bring("/dev/null")


def test_files_without_a_size_are_not_read():
    """/proc/kmsg in the root of a container is a regular file, and reading it waits forever."""
    tree = Tree()
    tree.bring("/proc/self/status")
    (found,) = [member for path, member in paths(tree).items() if path.endswith("/status")]
    assert found.data == b""


def test_files_in_a_folder_that_cannot_be_read_are_omitted(place, monkeypatch):
    for name in ("one", "two"):
        (place / name).write_text(name)

    def fail_for_one(path, _):
        if path.endswith("/one"):
            raise PermissionError(13, "Permission denied")
        return b"two"

    monkeypatch.setattr("rawbpf.guest.image.tree._read", fail_for_one)
    tree = Tree()
    assert tree.bring_all(place) == [f"cannot copy {place}/one into the guest: Permission denied"]
    assert f"{place}/two" in paths(tree)
