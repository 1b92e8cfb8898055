"""Choose the kernel of a guest: a file, a version, or a Debian suite.

The cache contains a folder for each kernel, named after the kernel's release (`uname -r`), with
vmlinuz, config, System.map, a folder ``modules``, and a file ``origin`` that records the suite,
package and version.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import X86_64, native, of_release
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.arch import Architecture

__all__ = ["DEFAULT_SUITE", "SUITES", "Kernel", "cached", "choose", "find", "is_version"]

SUITES = {"bullseye": "5.10", "bookworm": "6.1", "trixie": "6.12", "sid": None}
"""Debian suites, and the versions of their kernels. The version in sid changes over time."""

DEFAULT_SUITE = "bookworm"


class Kernel(NamedTuple):
    """A kernel to boot. The release and suite are empty if the kernel was given as a path."""

    vmlinuz: Path
    release: str = ""
    suite: str = ""

    @property
    def version(self) -> tuple[int, ...]:
        """The numeric components of the release, for comparisons.

        >>> Kernel(Path("vmlinuz"), "6.1.0-50-cloud-amd64").version
        (6, 1, 0, 50)
        """
        return tuple(map(int, re.findall(r"\d+", self.release.partition("+")[0])[:4]))

    @property
    def config(self) -> tuple[str, Path] | None:
        """The release and the configuration file, or None if there is no configuration file.

        In the cache, the configuration file is stored next to the image, while /boot contains
        ``vmlinuz-R`` and ``config-R``.
        """
        release = self._release
        for name in ("config", f"config-{release}"):
            path = self.vmlinuz.parent / name
            if release and path.is_file() and os.access(path, os.R_OK):
                return release, path
        return None

    @property
    def modules(self) -> Path | None:
        """The folder with the kernel's modules, or None if there is none.

        The folder is in the cache or is /lib/modules/RELEASE.
        """
        beside = self.vmlinuz.parent / "modules"
        installed = Path("/lib/modules", self._release) if self._release else beside
        return next((folder for folder in (beside, installed) if folder.is_dir()), None)

    @property
    def _release(self) -> str:
        return self.release or self.vmlinuz.name.partition("-")[2]


def is_version(wanted: str, release: str) -> bool:
    """Return whether a release belongs to a version such as 6 or 6.1.

    >>> is_version("6.1", "6.1.0-50-cloud-amd64"), is_version("6.1", "6.12.117")
    (True, False)
    """
    return re.match(rf"{re.escape(wanted)}(?![0-9])", release) is not None


def folder() -> Path:
    """Return the cache's folder for kernels."""
    return cache.place("kernels")


def cached(arch: Architecture | None = None) -> list[Kernel]:
    """Return all kernels in the cache for an architecture, newest last.

    The default is this machine's architecture.
    """
    wanted = arch or native(X86_64)
    try:
        images = list(folder().glob("[!.]*/vmlinuz"))
    except (GuestError, OSError):  # without a home folder, or without permission, nothing is cached
        return []
    kernels = [
        Kernel(image, image.parent.name, _suite(image.parent / "origin"))
        for image in images
        if of_release(image.parent.name) is wanted
    ]
    return sorted(kernels, key=lambda kernel: kernel.version)


def _suite(origin: Path) -> str:
    """Return the suite that a kernel came from, or "" if the kernel was added by hand."""
    try:
        text = origin.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.search(r"^Suite: (\S+)$", text, re.MULTILINE)
    return found[1] if found else ""


def choose(wanted: str | None, kernels: list[Kernel]) -> Kernel | None:
    """Return the newest kernel of a suite or version, or of all kernels if ``wanted`` is None.

    >>> kernels = [Kernel(Path("a"), "6.1.0-50-cloud-amd64", "bookworm")]
    >>> choose("6.1", kernels) == choose("bookworm", kernels) == choose(None, kernels)
    True
    >>> choose("6.12", kernels) is None
    True
    """
    fitting = [
        kernel
        for kernel in kernels
        if wanted is None or kernel.suite == wanted or is_version(wanted, kernel.release)
    ]
    return fitting[-1] if fitting else None


def find(
    wanted: str | None,
    fetch: Callable[[str], None],
    *,
    with_modules: bool = False,
    arch: Architecture | None = None,
) -> Kernel:
    """Return the kernel to boot, calling ``fetch`` if the kernel is not in the cache.

    ``with_modules`` also fetches a kernel whose cached copy lacks its modules. Raises UsageError if
    a path cannot be read, GuestError if the requested kernel does not exist. An image that differs
    from its checksum is downloaded again.
    """
    if wanted is not None and "/" in wanted:
        path = Path(wanted)
        if not os.access(path, os.R_OK) or not path.is_file():
            raise UsageError(f"cannot read the kernel image {wanted}")
        return Kernel(path)
    kernel = choose(wanted, cached(arch))
    if kernel is None or _is_damaged(kernel) or (with_modules and kernel.modules is None):
        fetch(wanted or (kernel and kernel.suite) or DEFAULT_SUITE)
        kernel = choose(wanted, cached(arch))
    if kernel is None:
        raise GuestError(
            f"kernel {wanted} not found", fix="specify the path of a vmlinuz: --kernel PATH"
        )
    if _is_damaged(kernel):
        raise GuestError(
            f"the kernel image {kernel.vmlinuz} is damaged",
            why="the image does not match its checksum",
            fix=f"delete the folder {kernel.vmlinuz.parent}",
        )
    return kernel


def _is_damaged(kernel: Kernel) -> bool:
    with cache.errors_named(f"cannot read the kernel image {kernel.vmlinuz}"):
        return cache.is_damaged(kernel.vmlinuz, kernel.vmlinuz.parent)
