"""Build the guest's root file system, which consists of three cpio archives.

The first archive contains Python, its library and packages: some tens of megabytes that seldom
change. The second archive contains rawbpf. Both are cached under a fingerprint of the paths, sizes
and modification times of all their files. The third archive is built for each run, and contains the
job and the files named by the command.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rawbpf.guest import cache
from rawbpf.guest.image.bytecode import cached_name, pyc, pytest_cached_names
from rawbpf.guest.image.elf import loader
from rawbpf.guest.image.interpreter import (
    OWN,
    Interpreter,
    base_executable,
    bring_interpreter,
    library_files,
)
from rawbpf.guest.image.packages import Package, closure, installed
from rawbpf.guest.image.tree import JUNK, Tree
from rawbpf.guest.image.unpacked import bring_unpacked
from rawbpf.guest.wire.cpio import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["JOB", "MODULES", "open_images", "run_image"]

JOB = "/rawbpf/job"
"""The file with the job of PID 1, marshalled for the same version of Python."""

MODULES = "/rawbpf/modules"
"""The guest's folder for kernel modules. Each module file is called NAME.ko."""

_INIT = """#!/rawbpf/python -IS
import sys
sys.path.append({parent!r})
from rawbpf.guest.inside.init import main
main()
"""
_TEST_PACKAGES = ("pytest", "hypothesis", "pexpect")
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_CHECKSUM = ".sha256"
_KEPT_IMAGES = 8


def open_images(*, with_tests: bool, python: Interpreter = OWN) -> list[BinaryIO]:
    """Open the two cached archives, creating them if necessary."""
    packages = _packages(with_tests)
    if python.root is not None:  # packages with compiled modules are replaced by those from Debian
        packages = [package for package in packages if package.is_pure]
    base = [Path(sys.executable), Path(base_executable())]
    base += library_files() if python.root is None else [python.root / cache.CHECKSUMS]
    base += [file for package in packages for file in package.files()]
    # A change to the modules in this folder also invalidates the cached images.
    base += sorted(Path(__file__).parent.glob("*.py"))
    own = list(_own_files())
    return [
        _kept(base, lambda: _base_tree(packages, python)),
        _kept(own if python.shares_bytecode else own + base[:3], lambda: _module_tree(own, python)),
    ]


def _kept(inputs: list[Path], make: Callable[[], Tree]) -> BinaryIO:
    """Open an image in the cache.

    Build the image if it is not cached, or if the cached image does not match its checksum.
    """
    path = cache.folder("images") / f"{_fingerprint(inputs)}.cpio"
    with cache.errors_named(f"cannot build the guest's image {path}"):
        kept = _opened(path)
        if kept is None:
            with cache.locked("images"):
                kept = _opened(path)  # another process may have built the image in the meantime
                if kept is None:
                    _build(path, make)
                    kept = path.open("rb")
        return kept


def _opened(path: Path) -> BinaryIO | None:
    """Open an image if it exists and matches its checksum."""
    try:
        wanted = path.with_suffix(_CHECKSUM).read_text(encoding="ascii", errors="replace")
        file = path.open("rb")
        os.utime(path)
    except FileNotFoundError:
        return None
    if hashlib.file_digest(file, "sha256").hexdigest() != wanted.partition(" ")[0]:
        file.close()
        return None
    file.seek(0)
    return file


def _build(path: Path, make: Callable[[], Tree]) -> None:
    """Write an image and its checksum while holding the cache's lock."""
    for unfinished in path.parent.glob(".*"):
        # On a file system without locks, another process may still be writing the file.
        if not Path("/proc", unfinished.name.rpartition(".")[2]).exists():
            unfinished.unlink(missing_ok=True)
    digest = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for piece in encode(make()):
            digest.update(piece)
            yield piece

    path.with_suffix(_CHECKSUM).unlink(missing_ok=True)
    cache.write_whole(path, pieces())
    line = f"{digest.hexdigest()}  {path.name}\n".encode()
    cache.write_whole(path.with_suffix(_CHECKSUM), [line])
    _forget_old(path.parent)


def _packages(with_tests: bool) -> list[Package]:
    found = installed()
    roots = ["rawbpf"]
    if with_tests:
        roots += _TEST_PACKAGES
        roots += [name for name, package in found.items() if package.offers("pytest11")]
    return closure(roots, found)


def _fingerprint(inputs: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in inputs:
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="replace"))
    return digest.hexdigest()[:24]


def _forget_old(folder: Path) -> None:
    """Delete all images except the most recently used ones."""
    images = sorted(folder.glob("*.cpio"), key=_last_used)
    for image in images[:-_KEPT_IMAGES]:
        image.unlink(missing_ok=True)
        image.with_suffix(_CHECKSUM).unlink(missing_ok=True)


def _last_used(image: Path) -> float:
    try:
        return image.stat().st_mtime
    except FileNotFoundError:  # another run has just deleted the image
        return 0.0


def _base_tree(packages: list[Package], python: Interpreter) -> Tree:
    tree = Tree(trimmed=True)
    for folder in ("proc", "sys", "dev", "run", "tmp", "out", "root", "var/tmp"):
        tree.directory(folder, 0o1777 if folder.endswith("tmp") else 0o755)
    tree.device("/dev/console", 0o600, (5, 1))  # opened as descriptors 0, 1 and 2 of init
    tree.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    tree.file("/etc/group", b"root:x:0:\n")
    tree.file("/etc/hosts", b"127.0.0.1 localhost\n")
    tree.file("/init", _INIT.format(parent=str(_PACKAGE_ROOT.parent)).encode(), 0o755)
    if python.root is None:
        tree.link("/rawbpf/python", base_executable())
        bring_interpreter(tree)
        _bring_environment(tree)
    else:
        tree.link("/rawbpf/python", python.executable)
        folders = dict.fromkeys(str(package.info.parent) for package in packages)
        bring_unpacked(tree, python, [str(_PACKAGE_ROOT.parent), *folders])
    for package in packages:
        for path in package.files():
            _bring_module(tree, path, python)
    return tree


def _module_tree(files: Iterable[Path], python: Interpreter) -> Tree:
    tree = Tree()
    for path in files:
        _bring_module(tree, path, python)
    return tree


def _bring_environment(tree: Tree) -> None:
    """Add the pyvenv.cfg and the python links of a virtual environment."""
    for path in (Path(sys.prefix, "pyvenv.cfg"), Path(sys.prefix, "lib64")):
        if sys.prefix != sys.base_prefix and path.exists():
            tree.bring(path)
    for name in ("python", "python3"):
        beside = Path(sys.executable).parent / name
        if beside.exists() and os.path.realpath(beside) == base_executable():
            tree.bring(beside)


def _bring_module(tree: Tree, path: Path, python: Interpreter) -> None:
    """Add a file of a package, together with its bytecode or the libraries that it needs."""
    real = Path(tree.bring(path))
    if ".so" in path.suffixes:
        tree.bring_libraries(str(real), loader(Path(base_executable())))
    if path.suffix == ".py" and python.shares_bytecode:
        _bring_bytecode(tree, real)


def _bring_bytecode(tree: Tree, source: Path) -> None:
    """Add a file's bytecode, both for imports and as rewritten by pytest."""
    if (code := pyc(source)) is not None:
        tree.file(f"{source.parent}/{cached_name(source.name)}", code)
    for rewritten in (source.parent / "__pycache__").glob(pytest_cached_names(source.name)):
        tree.bring(rewritten)


def run_image(
    job: dict[str, Any],
    add: Iterable[str],
    config: tuple[str, Path] | None = None,
    files: Mapping[str, bytes] = {},
    omit: Callable[[str], None] = lambda _: None,
) -> Iterator[bytes]:
    """Yield the archive for one run, which contains the files to add and the job.

    ``config`` contains the kernel's release and its configuration file, which is stored in /boot.
    ``files`` maps paths in the guest to contents. ``omit`` is called with a line of text for each
    file in a folder that cannot be read.
    """
    tree = Tree()
    if config is not None:
        release, path = config
        tree.file(f"/boot/config-{release}", path.read_bytes())
    for added in add:
        for line in tree.bring_all(Path(added).absolute()):
            omit(line)
    for name, data in files.items():
        tree.file(name, data)
    tree.directory(job["cwd"])
    tree.directory(job["env"]["HOME"])
    tree.file(JOB, marshal.dumps(job))
    return encode(tree)


def _own_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(_PACKAGE_ROOT):
        folders[:] = sorted(name for name in folders if name not in JUNK)
        yield from (Path(folder, name) for name in sorted(files))
