"""Download Debian kernels as an ordinary user.

A suite's cloud kernel is the dependency of the metapackage linux-image-cloud-ARCH. The name of the
metapackage is constant, while the name of the image package changes with each update. Up to trixie,
the image package contains vmlinuz and the modules. Later image packages depend on
linux-binary-RELEASE, linux-base-RELEASE and linux-modules-RELEASE, which contain these files.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.kernels.apt import field, private_apt
from rawbpf.guest.kernels.choice import SUITES, is_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rawbpf.arch import Architecture
    from rawbpf.guest.kernels.apt import Apt

__all__ = ["fetch", "kernel_packages", "suites_for"]

_KEPT = ("vmlinuz", "config", "System.map")


def suites_for(wanted: str) -> list[str]:
    """Return the suites to search for the given suite or version, most likely first.

    >>> suites_for("6.12"), suites_for("sid")
    (['trixie'], ['sid'])
    """
    if wanted in SUITES:
        return [wanted]
    named = [suite for suite, version in SUITES.items() if version and is_version(version, wanted)]
    return named or [suite for suite, version in SUITES.items() if version is None]


def fetch(wanted: str, say: Callable[[str], None], arch: Architecture | None = None) -> None:
    """Download the current kernel of a suite, or a kernel of the given version, into the cache.

    ``say`` is called with progress messages. ``arch`` is the kernel's architecture, by default this
    machine's. Raises GuestError if the kernel does not exist.
    """
    for suite in suites_for(wanted):
        with private_apt(suite, f"the {suite} kernel", say, arch) as apt:
            if _bring_kernel(apt, wanted):
                return
    raise GuestError(
        f"no Debian release offers kernel {wanted!r}", fix="see `tools/fetch-kernel --help`"
    )


def _bring_kernel(apt: Apt, wanted: str) -> bool:
    """Download the suite's kernel unless it is cached.

    Return False if the suite contains a different version.
    """
    apt.say(f"looking up the {apt.suite} cloud kernel for {apt.arch.name}")
    apt.update()
    meta = apt.show(apt.arch.kernel_package)
    image = kernel_packages(meta)[0]
    release = image.removeprefix("linux-image-")
    if wanted != apt.suite and not is_version(wanted, release):
        return False
    target = cache.folder("kernels") / release
    if _is_whole(target):
        (target / "origin").touch()
        apt.say(f"{release} from {apt.suite} is in the cache")
        return True
    packages = [image, *kernel_packages(apt.show(image), release)]
    apt.say(f"downloading {release} of {apt.suite}")
    unpacked = apt.unpack(packages)
    origin = f"Suite: {apt.suite}\nPackage: {image}\nVersion: {field(meta, 'Version')}\n"
    ready = apt.folder / "ready"
    ready.mkdir()
    for name in _KEPT:
        # boot/NAME-RELEASE up to trixie, and usr/lib/modules/RELEASE/NAME in newer suites
        found = [*unpacked.rglob(f"{name}-{release}"), *unpacked.rglob(f"modules/{release}/{name}")]
        if not found:
            raise GuestError(f"the packages for {release} do not contain {name}")
        shutil.move(found[0], ready / name)
    _bring_modules(unpacked, release, ready / "modules")
    (ready / "origin").write_text(origin, encoding="utf-8")
    cache.replace_folder(ready, target)
    return True


def _is_whole(target: Path) -> bool:
    """Return whether the cache contains an undamaged kernel with modules and checksums."""
    if not ((target / cache.CHECKSUMS).exists() and (target / "modules").exists()):
        return False
    return not any(cache.is_damaged(target / name, target) for name in _KEPT)


def _bring_modules(unpacked: Path, release: str, ready: Path) -> None:
    """Move the compressed modules and the list of built-in modules into the cache."""
    ready.mkdir()
    for folder in unpacked.rglob(f"modules/{release}"):
        for name in ("kernel", "modules.builtin"):
            if (folder / name).exists():
                shutil.move(folder / name, ready / name)
    if not (ready / "kernel").exists():
        raise GuestError(f"the packages for {release} do not contain modules")


def kernel_packages(record: str, release: str = "") -> list[str]:
    """Return the kernel packages that a record depends on, for any or for the given release.

    >>> kernel_packages("Depends: linux-base, linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1)")
    ['linux-image-6.1.0-50-cloud-amd64']
    """
    kinds = "base|binary|modules" if release else "image"
    tail = re.escape(release) if release else r"[0-9][^\s,|]*"
    names = re.findall(rf"\blinux-(?:{kinds})-{tail}(?=[\s,|]|$)", field(record, "Depends"))
    if not names and not release:
        raise GuestError("the metapackage does not depend on a kernel image", details=record)
    return names
