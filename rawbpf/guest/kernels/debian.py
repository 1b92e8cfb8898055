"""Kernels out of Debian's packages, as an ordinary user.

A suite's cloud kernel is what its metapackage linux-image-cloud-ARCH depends on: that name stays,
while the version in the other name moves with every update. Up to trixie that package holds
vmlinuz and the modules; later ones only lead to linux-binary-RELEASE, linux-base-RELEASE and
linux-modules-RELEASE.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.kernels.apt import field, private_apt
from rawbpf.guest.kernels.choice import SUITES, is_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rawbpf.guest.kernels.apt import Apt

__all__ = ["fetch", "kernel_packages", "suites_for"]

_KEPT = ("vmlinuz", "config", "System.map")


def suites_for(wanted: str) -> list[str]:
    """Suites to look in for a suite's name or a version, the likely first.

    >>> suites_for("6.12"), suites_for("sid")
    (['trixie'], ['sid'])
    """
    if wanted in SUITES:
        return [wanted]
    named = [suite for suite, version in SUITES.items() if version and is_version(version, wanted)]
    return named or [suite for suite, version in SUITES.items() if version is None]


def fetch(wanted: str, say: Callable[[str], None]) -> None:
    """Bring the present kernel of a suite, or one of a version, into the cache.

    ``say`` gets progress lines. Raises GuestError when that cannot be.
    """
    for suite in suites_for(wanted):
        with private_apt(suite, f"the kernel of {suite}", say) as apt:
            if _bring_kernel(apt, wanted):
                return
    raise GuestError(
        f"Debian's present suites have no kernel {wanted}", fix="see `tools/fetch-kernel --help`"
    )


def _bring_kernel(apt: Apt, wanted: str) -> bool:
    """Fetch what the suite has now, unless it is in the cache; False if it is not wanted."""
    apt.say(f"asking apt for the cloud kernel of {apt.suite}")
    apt.update()
    meta = apt.show(native().kernel_package)
    image = kernel_packages(meta)[0]
    release = image.removeprefix("linux-image-")
    if wanted != apt.suite and not is_version(wanted, release):
        return False
    target = cache.folder("kernels") / release
    if (target / "vmlinuz").exists() and (target / "modules").exists():
        (target / "origin").touch()
        apt.say(f"{apt.suite} has {release}, which is here")
        return True
    packages = [image, *kernel_packages(apt.show(image), release)]
    apt.say(f"fetching {release} for {apt.suite}")
    unpacked = apt.unpack(packages)
    origin = f"Suite: {apt.suite}\nPackage: {image}\nVersion: {field(meta, 'Version')}\n"
    ready = apt.folder / "ready"
    ready.mkdir()
    for name in _KEPT:
        # boot/NAME-RELEASE up to trixie, usr/lib/modules/RELEASE/NAME after it
        found = [*unpacked.rglob(f"{name}-{release}"), *unpacked.rglob(f"modules/{release}/{name}")]
        if not found:
            raise GuestError(f"the packages of {release} hold no {name}")
        shutil.move(found[0], ready / name)
    _bring_modules(unpacked, release, ready / "modules")
    (ready / "origin").write_text(origin, encoding="utf-8")
    cache.replace_folder(ready, target)
    return True


def _bring_modules(unpacked: Path, release: str, ready: Path) -> None:
    """The modules, packed as they are, and the list of those that are part of the image."""
    ready.mkdir()
    for folder in unpacked.rglob(f"modules/{release}"):
        for name in ("kernel", "modules.builtin"):
            if (folder / name).exists():
                shutil.move(folder / name, ready / name)
    if not (ready / "kernel").exists():
        raise GuestError(f"the packages of {release} hold no modules")


def kernel_packages(record: str, release: str = "") -> list[str]:
    """Packages of a kernel among a record's dependencies: of any release, or of this one.

    >>> kernel_packages("Depends: linux-base, linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1)")
    ['linux-image-6.1.0-50-cloud-amd64']
    """
    kinds = "base|binary|modules" if release else "image"
    tail = re.escape(release) if release else r"[0-9][^\s,|]*"
    names = re.findall(rf"\blinux-(?:{kinds})-{tail}(?=[\s,|]|$)", field(record, "Depends"))
    if not names and not release:
        raise GuestError("the metapackage depends on no kernel image", details=record)
    return names
