"""The running kernel's version, and RLIMIT_MEMLOCK, which matters only before 5.11.

uname(2) returns a release such as ``6.12.9-arch1-1``. The version consists of the first three
numbers of the release, except on two distributions that keep the third number at 0 and report the
actual number elsewhere:

- Debian: release ``6.1.0-18-cloud-amd64``; /proc/sys/kernel/version has ``Debian 6.1.76-1``
- Ubuntu: release ``6.5.0-14-generic``; /proc/version_signature ends in ``6.5.3``

Vendors backport features to older kernels. A version can therefore show that a feature is present,
but never that it is missing; where this matters, ``rawbpf.features`` probes for the feature itself.

Before 5.11, maps and programs are charged to RLIMIT_MEMLOCK, which is often only 64 kB. Exceeding
the limit fails with EPERM, the same errno as for a missing capability. Since 5.11, maps and
programs are charged to the memory cgroup, and raising the limit would only remove a protection, so
rawbpf raises the limit only on older kernels.
"""

from __future__ import annotations

from functools import cache

from rawbpf.arch import kernel_release
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.hardware import Root, read_text
from rawbpf.light_typing import NamedTuple

__all__ = [
    "MINIMUM",
    "KernelVersion",
    "bpf_counts_as_locked",
    "kernel_version",
    "memlock_limit",
    "raise_memlock_if_needed",
    "require_kernel",
]


class KernelVersion(NamedTuple):
    """A version of three numbers that compares like a tuple, including with shorter tuples.

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


MINIMUM = KernelVersion(5, 8, 0)
"""The oldest supported kernel, which is the first with CAP_BPF and the BPF ring buffer."""


def kernel_version(release: str | None = None, *, root: Root = "/") -> KernelVersion:
    """Return the version in a release string, which defaults to that of the running kernel.

    Raises FormatError if the string does not start with two numbers.

    >>> kernel_version("6.12.9-arch1-1"), kernel_version("7.2-rc3")
    (KernelVersion(major=6, minor=12, patch=9), KernelVersion(major=7, minor=2, patch=0))
    """
    if release is None:
        release = _this_kernel() if root == "/" else _running(root)
    numbers = _numbers(release)
    if len(numbers) < 2:
        raise FormatError(
            f"invalid kernel release {release!r}", fix="expected a release such as 6.1.0-18-amd64"
        )
    return KernelVersion(*numbers, *[0] * (3 - len(numbers)))


def _numbers(release: str) -> list[int]:
    """Return up to three dot-separated numbers of at most nine digits from the start of a text."""
    numbers: list[int] = []
    for part in release.split(".", 2):
        rest = part.lstrip("0123456789")
        digits = part[: len(part) - len(rest)]
        if not 1 <= len(digits) <= 9:
            break
        numbers.append(int(digits))
        if rest:
            break
    return numbers


def require_kernel(root: Root = "/") -> None:
    """Raise UnsupportedError if the running kernel is older than ``MINIMUM``.

    >>> require_kernel()
    """
    version = kernel_version(root=root)
    if version < MINIMUM:
        raise UnsupportedError(
            f"this kernel is too old: Linux {version}",
            why=f"rawbpf needs {MINIMUM.major}.{MINIMUM.minor} or newer",
            fix="use a newer kernel, for example with `rawbpf guest`",
        )


@cache
def _this_kernel() -> str:
    """Return the running kernel's version string, which is read only once."""
    return _running("/")


def _running(root: Root) -> str:
    """Return the most precise version string that the kernel's files provide."""
    if ubuntu := (read_text(root, "/proc/version_signature") or "").split():
        return ubuntu[-1]
    build = read_text(root, "/proc/sys/kernel/version") or ""
    debian = f" {build}".partition(" Debian ")[2].partition(" ")[0]
    if len(_numbers(debian)) > 1:
        return debian
    return read_text(root, "/proc/sys/kernel/osrelease") or kernel_release()


def bpf_counts_as_locked(root: Root = "/") -> bool:
    """Return whether this kernel charges BPF objects to RLIMIT_MEMLOCK (before 5.11)."""
    return kernel_version(root=root) < (5, 11)


def memlock_limit() -> int | None:
    """Return the soft limit of RLIMIT_MEMLOCK in bytes, or None if it is unlimited."""
    import resource  # imported only before 5.11

    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_memlock_if_needed(root: Root = "/") -> None:
    """Raise RLIMIT_MEMLOCK if this kernel charges BPF objects to it.

    The new limit is unlimited, or the hard limit if this process lacks CAP_SYS_RESOURCE. If the
    hard limit is still too low, creating the map or loading the program fails with EPERM.
    """
    if not bpf_counts_as_locked(root) or memlock_limit() is None:
        return
    import resource  # as above

    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
    except ValueError:  # the resource module raises ValueError if the kernel returns EPERM
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
