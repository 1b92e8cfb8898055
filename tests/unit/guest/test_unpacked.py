"""The root file system of a guest of another architecture, from an unpacked Python."""

import marshal
import os
import sys
from pathlib import Path

import pytest

from rawbpf.arch import ARM64
from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.image.build import open_images
from rawbpf.guest.image.interpreter import Interpreter
from rawbpf.guest.kernels.python import is_whole
from rawbpf.guest.wire.cpio import decode

NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"/usr/local/lib/{NAME}/dist-packages/rawbpf-guest.pth"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "cache" / "pythons" / "it"
    for path, text in {f"usr/bin/{NAME}": "ELF", f"usr/lib/{NAME}/os.py": "answer = 42\n"}.items():
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(text)
    (root / "usr/bin" / NAME).chmod(0o755)
    (root / "usr/lib/ld-linux-aarch64.so.1").symlink_to("aarch64-linux-gnu/ld.so")
    (root / "origin").write_text("Suite: x\nPackages: a b\n")
    cache.write_checksums(root)
    return root


def image(root, name=NAME):
    """Return the members of both archives by path."""
    found = {}
    for kept in open_images(with_tests=False, python=Interpreter(ARM64, f"/usr/bin/{name}", root)):
        with kept:
            found |= {f"/{member.path}": member for member in decode(kept)}
    return found


def test_the_unpacked_python_replaces_the_python_of_this_machine(root):
    found = image(root)
    assert found[f"/usr/bin/{NAME}"].data == b"ELF"
    assert found[f"/usr/bin/{NAME}"].mode & 0o111
    assert found["/rawbpf/python"].data == f"/usr/bin/{NAME}".encode()
    assert found["/lib"].data == b"usr/lib"
    assert found["/usr/lib/ld-linux-aarch64.so.1"].data == b"aarch64-linux-gnu/ld.so"
    assert f"{os.path.realpath(os.__file__).removesuffix('.py')}.pyc" in found
    assert sys.executable not in found
    compiled = {path for path in found if ".so" in Path(path).suffixes}
    assert compiled == {"/usr/lib/ld-linux-aarch64.so.1"}


def test_tracebacks_show_the_path_in_the_guest(root):
    code = marshal.loads(image(root)[f"/usr/lib/{NAME}/os.pyc"].data[16:])
    assert code.co_filename == f"/usr/lib/{NAME}/os.py"


def test_packages_of_this_machine_are_found_through_a_path_file(root):
    found = image(root)
    folders = found[SITE].data.decode().splitlines()
    for module in ("rawbpf/arch/__init__.py", "docopt/__init__.py", "elftools/__init__.py"):
        assert any(f"{folder}/{module}" in found for folder in folders)


def test_another_version_of_python_compiles_for_itself(root):
    (root / "usr/lib" / NAME).rename(root / "usr/lib/python3.1")
    cache.write_checksums(root)
    found = image(root, "python3.1")
    assert found["/usr/lib/python3.1/os.py"].data == b"answer = 42\n"
    assert not [path for path in found if path.endswith(".pyc")]


def test_a_damaged_file_is_named(root):
    (root / f"usr/lib/{NAME}/os.py").write_text("answer = 43\n")
    with pytest.raises(GuestError, match=r"os\.py is damaged: .*; delete the folder .*pythons/it"):
        image(root)


def test_python_is_downloaded_once_for_the_same_packages(root):
    assert is_whole(root, ["a", "b"])
    assert not is_whole(root, ["a", "b", "c"])
    (root / "origin").write_text("Suite: y\nPackages: a b\n")
    assert not is_whole(root, ["a", "b"])
    assert not is_whole(root.parent / "absent", ["a", "b"])
