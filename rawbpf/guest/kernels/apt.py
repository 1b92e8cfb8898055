"""apt for an ordinary user: packages of a Debian suite, unpacked in a folder that then goes.

The packages are downloaded and verified by apt, in a private state, and unpacked by dpkg-deb;
nothing is installed, and nothing of this machine's apt is changed.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.kernels.choice import SUITES
from rawbpf.guest.kernels.mirror import TARGET_FORMAT, debian_archives, settings, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Apt", "field", "private_apt"]

_BY_HAND = "name a kernel image by --kernel PATH, such as /boot/vmlinuz-..."


@contextmanager
def private_apt(suite: str, what: str, say: Callable[[str], None]) -> Iterator[Apt]:
    """An apt for one suite; ``what`` is to be fetched, for errors. ``say`` gets progress lines.

    GuestError: this system has no apt, or does not know of a Debian archive.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise GuestError(f"cannot fetch {what}", why="this system has no apt", fix=_BY_HAND)
    with tempfile.TemporaryDirectory(dir=cache.folder("apt")) as folder:
        yield Apt(Path(folder), suite, what, say)


class Apt:
    """A private apt for one suite, with all its state in ``folder``."""

    def __init__(self, folder: Path, suite: str, what: str, say: Callable[[str], None]) -> None:
        self.folder, self.suite, self.say = folder, suite, say
        self._what = what
        archives = debian_archives(
            self._run("apt-get", "indextargets", "--format", TARGET_FORMAT, private=False), SUITES
        )
        if not archives:
            raise GuestError(
                f"cannot fetch {what}",
                why="this machine's apt sources name no Debian archive",
                fix=_BY_HAND,
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

    def update(self) -> None:
        """Learn what the suite has now."""
        self._run("apt-get", "--quiet", "update")

    def show(self, package: str) -> str:
        """The record of the version that apt would install."""
        record = self._run("apt-cache", "show", "--no-all-versions", package)
        if not record.strip():
            raise GuestError(f"{self.suite} has no package {package}")
        return record

    def unpack(self, packages: Sequence[str]) -> Path:
        """Download packages; the folder below which their files are."""
        self._run("apt-get", "--quiet", "download", *packages)
        for package in self.folder.glob("*.deb"):
            self._run("dpkg-deb", "-x", str(package), "unpacked")
            package.unlink()
        return self.folder / "unpacked"

    def _run(self, *words: str, private: bool = True) -> str:
        environment = os.environ | {"LC_ALL": "C"}
        if private:
            environment["APT_CONFIG"] = str(self.folder / "apt.conf")
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise GuestError(
                f"cannot fetch {self._what}",
                why=_cause(said) or f"{' '.join(words[:3])} failed with {done.returncode}",
                details=said,
            )
        return done.stdout


def field(record: str, name: str) -> str:
    r"""A field of a package's record; empty if it has none of that name.

    >>> field("Package: libc6\nVersion: 2.36-9\n", "Version")
    '2.36-9'
    """
    found = re.search(rf"^{name}: *(.*)$", record, re.MULTILINE)
    return found[1] if found else ""


def _cause(said: str) -> str:
    """The line of apt's that says most: an error, before its many notes and warnings."""
    lines = [line for line in said.splitlines() if line.startswith("E:")]
    keys = [line for line in said.splitlines() if "NO_PUBKEY" in line]
    return (keys or lines or [""])[0].removeprefix("E: ").removeprefix("W: ")
