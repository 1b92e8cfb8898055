"""The index of the kernel's types is kept, checked, and never needed."""

import os

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.kernel.type_index import build_id, kernel_types
from rawbpf.uapi.btf import BTF_KIND_FUNC
from tests.support.btf_records import INT, blob

NOTES = bytes.fromhex("0600000004000000 01010000 4c696e7578000000 00000000".replace(" ", ""))
BUILD = bytes.fromhex("04000000 14000000 03000000 474e5500".replace(" ", "")) + bytes(range(20))
MANY = [t.Func(f"f{i}", 0) for i in range(200)]


@pytest.fixture
def kernel(tmp_path):
    """Files of a kernel with 201 types."""
    folder = tmp_path / "root" / "sys/kernel"
    (folder / "btf").mkdir(parents=True)
    (folder / "btf/vmlinux").write_bytes(blob(INT, *MANY))
    (folder / "notes").write_bytes(NOTES + BUILD)
    return tmp_path / "root"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "types"


@pytest.fixture
def without_walking(monkeypatch):
    def forbid():
        monkeypatch.setattr("rawbpf.btf.starts.Starts._walk", pytest.fail)

    return forbid


def test_the_second_reader_does_not_walk(kernel, cache, without_walking):
    assert kernel_types(kernel).find("f150", BTF_KIND_FUNC) == MANY[150]
    (file,) = cache.iterdir()
    assert file.name == f"{bytes(range(20)).hex()}-{len(blob(INT, *MANY))}"
    assert cache.stat().st_mode & 0o077 == 0
    without_walking()
    assert kernel_types(kernel).find("f150", BTF_KIND_FUNC) == MANY[150]


def test_sorted_names_are_kept_once_many_were_looked_up(kernel, cache, monkeypatch):
    types = kernel_types(kernel)
    size = next(cache.iterdir()).stat().st_size
    for number in range(40):
        types.find(f"f{number}")
    assert next(cache.iterdir()).stat().st_size == size + 4 * 201
    monkeypatch.setattr("rawbpf.btf.strings.Strings.scan", pytest.fail)
    assert kernel_types(kernel).find("f150") == MANY[150]


@pytest.mark.parametrize("contents", [b"", b"x" * 30, bytes(1 << 20)])
def test_a_damaged_file_is_replaced(kernel, cache, contents, without_walking):
    kernel_types(kernel)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(contents)
    assert list(kernel_types(kernel)) == list(Btf(blob(INT, *MANY)))
    assert file.read_bytes() == whole
    without_walking()
    assert len(kernel_types(kernel)) == 202


def test_another_build_has_another_file(kernel, cache):
    kernel_types(kernel)
    (kernel / "sys/kernel/notes").write_bytes(BUILD[:-1] + b"!")
    kernel_types(kernel)
    assert len(list(cache.iterdir())) == 2


def test_the_oldest_files_are_removed(kernel, cache):
    for number in range(20):
        (kernel / "sys/kernel/notes").write_bytes(BUILD[:-1] + bytes([number]))
        kernel_types(kernel)
        for age, file in enumerate(sorted(cache.iterdir())):
            os.utime(file, (1_000_000 + age, 1_000_000 + age))
    assert len(list(cache.iterdir())) == 16


def no_build_id(kernel, _patch):
    (kernel / "sys/kernel/notes").write_bytes(NOTES)


def no_notes(kernel, _patch):
    (kernel / "sys/kernel/notes").unlink()


def no_home(_kernel, monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    for name in ("RAWBPF_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)


def no_folder(_kernel, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", "/dev/null/cache")


def not_writable(_kernel, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", "/proc/self")


def disk_full(_kernel, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rawbpf.user_cache.write_whole", fail)


def not_ours(kernel, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: kernel.stat().st_uid + 1)


@pytest.mark.parametrize(
    "trouble", [no_build_id, no_notes, no_home, no_folder, not_writable, disk_full, not_ours]
)
def test_everything_works_without_a_cache(kernel, cache, monkeypatch, trouble):
    trouble(kernel, monkeypatch)
    for _ in range(2):
        assert kernel_types(kernel).find("f150") == MANY[150]
    assert not [*cache.glob("*")]


def test_root_leaves_no_cache_in_the_home_folder_of_a_user(kernel, cache, monkeypatch):
    stat = os.stat

    def of_a_user(path, *rest, **options):
        status = stat(path, *rest, **options)
        return os.stat_result((*status[:4], 4711, *status[5:]))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "stat", of_a_user)
    assert len(kernel_types(kernel)) == 202
    assert not cache.parent.exists()


def test_a_kernel_without_btf(tmp_path):
    assert kernel_types(tmp_path) is None


def test_build_ids():
    assert build_id(NOTES + BUILD) == bytes(range(20)).hex()
    for length in range(len(NOTES)):
        assert build_id(NOTES[:length]) is None
    assert build_id(b"\xff" * 40) is None
