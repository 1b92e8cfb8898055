"""Which kernel this is, and for which machine.

uname(2) gives a release such as ``6.12.9-arch1-1``. The first three numbers are the version by
which features are dated, with two exceptions, where distributions pin the third number and say
the real one elsewhere:

- Debian: release ``6.1.0-18-cloud-amd64``; /proc/sys/kernel/version has ``Debian 6.1.76-1``.
- Ubuntu: release ``6.5.0-14-generic``, /proc/version_signature ends in ``6.5.3``.

A vendor may bring features back to an older kernel, so a version proves what is there and not
what is missing: when it matters, ``rawbpf.features`` asks the kernel itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rawbpf.arch import kernel_release
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.files import Root, read_text

__all__ = [
    "MINIMUM",
    "KernelVersion",
    "kernel_version",
    "require_kernel",
]


class KernelVersion(NamedTuple):
    """Three numbers that compare as a tuple does, also with a shorter one.

    >>> KernelVersion(5, 10, 0) < (5, 11) <= KernelVersion(5, 11, 0)
    True
    >>> print(KernelVersion(6, 1, 76))
    6.1.76
    """

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


_RELEASE = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?")
_DEBIAN = re.compile(r"\bDebian ([0-9]+\.\S+)")

MINIMUM = KernelVersion(5, 8, 0)
"""The oldest kernel that rawbpf supports: the first with CAP_BPF and the BPF ring buffer."""


def kernel_version(release: str | None = None, *, root: Root = "/") -> KernelVersion:
    """The version in a release string; without one, of the running kernel.

    Raises FormatError for a string that does not begin with two numbers.

    >>> kernel_version("6.12.9-arch1-1"), kernel_version("7.2-rc3")
    (KernelVersion(major=6, minor=12, patch=9), KernelVersion(major=7, minor=2, patch=0))
    """
    if release is None:
        release = _running(root)
    found = _RELEASE.match(release)
    if found is None:
        raise FormatError(f"{release!r} is no kernel release", fix="one looks like 6.1.0-18-amd64")
    return KernelVersion(int(found[1]), int(found[2]), int(found[3] or 0))


def require_kernel(root: Root = "/") -> None:
    """UnsupportedError on a kernel older than ``MINIMUM``.

    >>> require_kernel()
    """
    version = kernel_version(root=root)
    if version < MINIMUM:
        raise UnsupportedError(
            f"this kernel is too old: Linux {version}",
            why=f"rawbpf stands on what came with {MINIMUM.major}.{MINIMUM.minor}",
            fix="use a newer one: `rawbpf guest` brings one",
        )


def _running(root: Root) -> str:
    """The most exact string that the running kernel gives about itself."""
    if (ubuntu := read_text(root, "/proc/version_signature")) is not None:
        return ubuntu.split()[-1]
    build = read_text(root, "/proc/sys/kernel/version") or ""
    if debian := _DEBIAN.search(build):
        return debian[1]
    return read_text(root, "/proc/sys/kernel/osrelease") or kernel_release()
