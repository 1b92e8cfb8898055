"""Kernels out of Debian's packages, as an ordinary user.

A suite's cloud kernel is what its metapackage linux-image-cloud-amd64 depends on: that name stays,
while the version in the other name moves with every update. Up to trixie that package holds
vmlinuz; later ones only lead to linux-binary-RELEASE and linux-base-RELEASE. The packages are
downloaded and verified by apt, in a private state, and unpacked by dpkg-deb; nothing is installed.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.kernels.choice import SUITES, is_version
from rawbpf.guest.kernels.mirror import TARGET_FORMAT, debian_archives, settings, sources

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fetch", "kernel_packages", "suites_for"]

_META = "linux-image-cloud-amd64"
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
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise GuestError(
            f"cannot fetch a kernel for {wanted!r}",
            why="this system has no apt",
            fix="name a kernel image by --kernel PATH, such as /boot/vmlinuz-...",
        )
    for suite in suites_for(wanted):
        with tempfile.TemporaryDirectory(dir=cache.folder("apt")) as folder:
            if _Apt(Path(folder), suite, say).bring_kernel(wanted):
                return
    raise GuestError(
        f"Debian's present suites have no kernel {wanted}", fix="see `tools/fetch-kernel --help`"
    )


class _Apt:
    """A private apt for one suite, gone with its folder."""

    def __init__(self, folder: Path, suite: str, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._suite = suite
        self._say = say
        archives = debian_archives(
            self._run("apt-get", "indextargets", "--format", TARGET_FORMAT, private=False), SUITES
        )
        if not archives:
            raise GuestError(
                f"cannot fetch the kernel of {suite}",
                why="this machine's apt sources name no Debian archive",
                fix="name a kernel image by --kernel PATH, such as /boot/vmlinuz-...",
            )
        acquire = self._run(
            "apt-config", "dump", "--format", '%F "%v";%n', "Acquire", private=False
        )
        for name in ("state/lists/partial", "cache/archives/partial", "unpacked"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(sources(archives, suite) + "\n", encoding="utf-8")
        (folder / "apt.conf").write_text(
            settings(acquire, folder, getpass.getuser()), encoding="utf-8"
        )

    def bring_kernel(self, wanted: str) -> bool:
        """Fetch what the suite has now, unless it is in the cache; False if it is not wanted."""
        self._say(f"asking apt for the cloud kernel of {self._suite}")
        self._run("apt-get", "--quiet", "update")
        meta = self._show(_META)
        image = kernel_packages(meta)[0]
        release = image.removeprefix("linux-image-")
        if wanted != self._suite and not is_version(wanted, release):
            return False
        target = cache.folder("kernels") / release
        if (target / "vmlinuz").exists():
            (target / "origin").touch()
            self._say(f"{self._suite} has {release}, which is here")
            return True
        packages = [image, *kernel_packages(self._show(image), release)]
        self._say(f"fetching {release} for {self._suite}")
        self._run("apt-get", "--quiet", "download", *packages)
        for package in self._folder.glob("*.deb"):
            self._run("dpkg-deb", "-x", str(package), "unpacked")
        origin = f"Suite: {self._suite}\nPackage: {image}\nVersion: {_field(meta, 'Version')}\n"
        self._keep(release, target, origin)
        return True

    def _show(self, package: str) -> str:
        """The record of the version that apt would install."""
        record = self._run("apt-cache", "show", "--no-all-versions", package)
        if not record.strip():
            raise GuestError(f"{self._suite} has no package {package}")
        return record

    def _keep(self, release: str, target: Path, origin: str) -> None:
        """Move the kernel's files to their place, whole or not at all."""
        ready = self._folder / "ready"
        ready.mkdir()
        for name in _KEPT:
            # boot/NAME-RELEASE up to trixie, usr/lib/modules/RELEASE/NAME after it
            found = [*(self._folder / "unpacked").rglob(f"{name}-{release}")]
            found += [*(self._folder / "unpacked").rglob(f"modules/{release}/{name}")]
            if not found:
                raise GuestError(f"the packages of {release} hold no {name}")
            shutil.move(found[0], ready / name)
        (ready / "origin").write_text(origin, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        ready.rename(target)

    def _run(self, *words: str, private: bool = True) -> str:
        environment = os.environ | {"LC_ALL": "C"}
        if private:
            environment["APT_CONFIG"] = str(self._folder / "apt.conf")
        done = subprocess.run(
            words,
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise GuestError(
                f"cannot fetch the kernel of {self._suite}",
                why=_cause(said) or f"{' '.join(words[:3])} failed with {done.returncode}",
                details=said,
            )
        return done.stdout


def kernel_packages(record: str, release: str = "") -> list[str]:
    """Packages of a kernel among a record's dependencies: of any release, or of this one.

    >>> kernel_packages("Depends: linux-base, linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1)")
    ['linux-image-6.1.0-50-cloud-amd64']
    """
    kinds = "base|binary" if release else "image"
    tail = re.escape(release) if release else r"[0-9][^\s,|]*"
    names = re.findall(rf"\blinux-(?:{kinds})-{tail}(?=[\s,|]|$)", _field(record, "Depends"))
    if not names and not release:
        raise GuestError(f"{_META} depends on no kernel image", details=record)
    return names


def _field(record: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*)$", record, re.MULTILINE)
    return found[1] if found else ""


def _cause(said: str) -> str:
    """The line of apt's that says most: an error, before its many notes and warnings."""
    lines = [line for line in said.splitlines() if line.startswith("E:")]
    keys = [line for line in said.splitlines() if "NO_PUBKEY" in line]
    return (keys or lines or [""])[0].removeprefix("E: ").removeprefix("W: ")
