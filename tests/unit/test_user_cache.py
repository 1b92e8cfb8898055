"""The user's cache: its place, its permissions, and files that appear complete or not at all."""

import pytest

from rawbpf import user_cache


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_where_it_is(monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    monkeypatch.setenv("HOME", "/c")
    assert user_cache.place("types", "x") == "/a/types/x"
    monkeypatch.delenv("RAWBPF_CACHE")
    assert user_cache.place() == "/b/rawbpf"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache.place("types") == "/c/.cache/rawbpf/types"


def test_without_a_home_folder(monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    for name in ("RAWBPF_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert user_cache.place("types") is None
    with pytest.raises(OSError, match="HOME is not set"):
        user_cache.folder("types")


def test_folders_are_private(root):
    (root / user_cache.folder("types")).chmod(0o755)
    user_cache.folder("types")
    assert (root / "types").stat().st_mode & 0o777 == 0o700


def test_a_file_is_replaced_whole_or_not_at_all(root):
    path = f"{user_cache.folder()}/file"
    user_cache.write_whole(path, [b"one", b"two"])

    def interrupted():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        user_cache.write_whole(path, interrupted())
    assert [one.name for one in root.iterdir()] == ["file"]
    assert (root / "file").read_bytes() == b"onetwo"
