"""Type indexes that a guest returns are stored for guests with the same kernel image only."""

import pytest

from rawbpf.guest import kept
from rawbpf.guest.wire.cpio import Member, encode

NAME = "0123456789abcdef-4711"


@pytest.fixture
def image(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "vmlinuz"
    path.write_bytes(b"kernel")
    return path


def archive(**files):
    return b"".join(encode([Member(name, 0o100644, data) for name, data in files.items()]))


def test_the_next_guest_gets_what_a_guest_returned(image):
    assert kept.known(image) == {}
    kept.store(image, archive(**{NAME: b"index"}))
    assert kept.known(image) == {NAME: b"index"}
    kept.store(image, archive(**{NAME: b"better index"}))
    assert kept.known(image) == {NAME: b"better index"}


def test_another_image_has_its_own(image):
    kept.store(image, archive(**{NAME: b"index"}))
    image.write_bytes(b"another kernel")
    assert kept.known(image) == {}


@pytest.mark.parametrize(
    "name", ["../../evil-1", "/etc/passwd", "a", "0123456789abcdef-", "0123456789abcdef-1/x", ".."]
)
def test_other_names_are_left_out(image, tmp_path, name):
    kept.store(image, archive(**{name: b"evil", NAME: b"index"}))
    assert kept.known(image) == {NAME: b"index"}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"vmlinuz", NAME}


@pytest.mark.parametrize("data", [b"", b"no archive", archive(**{NAME: b"index"})[:150]])
def test_a_damaged_archive_stores_nothing(image, data):
    kept.store(image, data)
    assert kept.known(image) == {}


def test_only_a_few_files_and_kernels_are_kept(image):
    kept.store(image, archive(**{f"{number:08x}-1": b"" for number in range(20)}))
    assert len(kept.known(image)) == 4
    for number in range(20):
        image.write_bytes(bytes(number))
        kept.store(image, archive(**{NAME: b"index"}))
    assert len(list((image.parent / "cache/guest-types").iterdir())) == 16


def test_without_a_cache(image, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", "/dev/null/cache")
    kept.store(image, archive(**{NAME: b"index"}))
    assert kept.known(image) == {}
