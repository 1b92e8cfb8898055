import errno
import io
import os
import threading
from pathlib import Path

import pytest

from rawbpf.errors import GuestError
from rawbpf.guest import accel, cache
from rawbpf.guest.image import build
from rawbpf.guest.image.tree import Tree
from rawbpf.guest.kernels import apt, choice, debian, modules
from rawbpf.guest.wire.cpio import decode


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def homeless(tmp_path, monkeypatch):
    """Neither HOME nor an entry in /etc/passwd, in an empty folder."""

    def unknown(uid):
        raise KeyError(uid)

    for name in ("RAWBPF_CACHE", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mode_of(path):
    return path.stat().st_mode & 0o777


def test_the_cache_is_private(root):
    cache.folder("images").chmod(0o755)
    assert mode_of(cache.folder("images")) == mode_of(root) == 0o700


def test_a_folder_that_the_user_names_keeps_its_mode(root):
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    cache.folder("images")
    assert mode_of(root) == 0o755


def test_the_cache_of_another_user(root, monkeypatch):
    cache.folder("images")
    monkeypatch.setattr(os, "geteuid", lambda: root.stat().st_uid + 1)
    with pytest.raises(GuestError, match="belongs to another user; set RAWBPF_CACHE"):
        cache.folder("images")


def test_without_a_home_folder(homeless):
    with pytest.raises(
        GuestError, match="cannot choose a folder for the cache: HOME is not set; set RAWBPF"
    ):
        cache.folder("images")
    assert choice.cached() == []
    assert accel.remembered() is None
    assert not list(homeless.iterdir())


def test_looking_creates_nothing(root):
    assert choice.cached() == []
    assert accel.remembered() is None
    assert not root.exists()


def test_a_cache_that_cannot_be_created(monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", "/dev/null/cache")
    with pytest.raises(GuestError, match=r"cannot use the cache .*: (ENOTDIR|EEXIST) .*; set RAW"):
        cache.folder("images")
    monkeypatch.setenv("RAWBPF_CACHE", "/tmp/" + "n" * 300)
    with pytest.raises(GuestError, match="ENAMETOOLONG"):
        cache.folder("images")


def test_the_lock_is_held_by_one_at_a_time(root):
    assert not root.exists()
    waits, has = threading.Event(), threading.Event()

    def second():
        with cache.locked("x", waits.set):
            has.set()

    thread = threading.Thread(target=second)
    with cache.locked("x"):
        thread.start()
        assert waits.wait(20)
        assert not has.is_set()
    thread.join(20)
    assert has.is_set()


def greeting() -> Tree:
    tree = Tree()
    tree.file("/greeting", b"hello" * 1000)
    return tree


def kept(make=greeting) -> bytes:
    with build._kept([Path(__file__)], make) as file:
        return {member.path: member.data for member in decode(file)}["greeting"]


def test_a_damaged_image_is_built_again(root):
    assert kept() == b"hello" * 1000
    (image,) = root.glob("images/*.cpio")
    whole = image.read_bytes()
    for damaged in (whole[:700], b"", whole.replace(b"hello", b"jello")):
        image.write_bytes(damaged)
        assert kept() == b"hello" * 1000
    next(root.glob("images/*.sha256")).unlink()
    assert kept() == b"hello" * 1000
    assert kept(make=pytest.fail) == b"hello" * 1000


def test_leftovers_of_an_image_build_are_removed(root):
    left_over = cache.folder("images") / ".0123.cpio.99999999"
    left_over.touch()
    kept()
    assert not left_over.exists()
    assert len(list((root / "images").iterdir())) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE])
@pytest.mark.usefixtures("root")
def test_an_image_that_cannot_be_written(monkeypatch, number):
    def fail(path, _):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(cache, "write_whole", fail)
    with pytest.raises(GuestError, match=f"image .*: {errno.errorcode[number]}.*RAWBPF_CACHE"):
        kept()


@pytest.fixture
def apt_stub(monkeypatch):
    monkeypatch.setattr(apt.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(apt, "Apt", lambda folder, *_: folder)


@pytest.mark.usefixtures("apt_stub", "root")
def test_leftovers_of_a_download_are_removed():
    left_over = cache.folder("apt") / "tmp4711"
    (left_over / "unpacked").mkdir(parents=True)
    with apt.private_apt("sid", "x", pytest.fail) as folder:
        assert list(cache.folder("apt").iterdir()) == [folder]
    assert not list(cache.folder("apt").iterdir())


@pytest.mark.usefixtures("apt_stub", "root")
def test_a_download_without_room():
    with (
        pytest.raises(GuestError, match=r"cannot fetch the kernel: ENOSPC .*: /x; set RAWBPF"),
        apt.private_apt("sid", "the kernel", pytest.fail),
    ):
        raise OSError(errno.ENOSPC, "", "/x")


def fetched(release="6.1.0-1-cloud-amd64"):
    """Put a kernel into the cache, as a download does."""
    ready = cache.folder("apt") / "ready"
    (ready / "modules/kernel").mkdir(parents=True)
    for name in ("vmlinuz", "config", "System.map", "modules/modules.builtin"):
        (ready / name).write_bytes(name.encode())
    (ready / "modules/kernel/x.ko").write_bytes(b"module")
    (ready / "origin").write_text("Suite: bookworm\n")
    cache.replace_folder(ready, cache.folder("kernels") / release)
    return cache.folder("kernels") / release


@pytest.mark.usefixtures("root")
def test_a_damaged_kernel_is_downloaded_again():
    kernel = fetched()
    (kernel / "vmlinuz").write_bytes(b"vml")
    assert not debian._is_whole(kernel)
    asked = []
    found = choice.find(None, lambda wanted: (asked.append(wanted), fetched()))
    assert asked == ["bookworm"]
    assert found.vmlinuz.read_bytes() == b"vmlinuz"
    assert debian._is_whole(kernel)
    assert not list(cache.folder("apt").iterdir())


@pytest.mark.usefixtures("root")
def test_a_damaged_kernel_that_cannot_be_downloaded_is_named():
    (fetched() / "vmlinuz").write_bytes(b"")
    with pytest.raises(
        GuestError, match=r"vmlinuz is damaged: the image does not match .*; delete the folder"
    ):
        choice.find("6.1", lambda _: None)


@pytest.mark.usefixtures("root")
def test_a_damaged_module_is_named():
    kernel = fetched()
    (kernel / "modules/kernel/x.ko").write_bytes(b"mod")
    with pytest.raises(GuestError, match=r"cannot read module x: .*does not match its checksum"):
        modules.modules_for(choice.Kernel(kernel / "vmlinuz"), ["x"])


@pytest.mark.usefixtures("root")
def test_a_kernel_without_checksums_is_used():
    folder = cache.folder("kernels", "6.1.0-mine")
    (folder / "vmlinuz").write_bytes(b"mine")
    assert choice.find("6.1", pytest.fail).vmlinuz == folder / "vmlinuz"


def test_a_stream_of_an_image_starts_at_its_beginning(root):
    assert not root.exists()
    kept()
    with build._kept([Path(__file__)], greeting) as file:
        assert isinstance(file, io.BufferedReader)
        assert file.tell() == 0
