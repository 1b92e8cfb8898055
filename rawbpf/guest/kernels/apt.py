"""Download packages from a Debian suite with apt, as an ordinary user.

apt downloads and verifies packages, keeping its state in a temporary folder, and dpkg-deb unpacks
them. Nothing is installed, and this machine's apt configuration is not changed.

apt itself lists the sources, regardless of the format in which they are configured. ``apt-get
indextargets`` lists the files that apt would download, with the Origin from the Release file if
that file is present. ``apt-config dump Acquire`` prints proxies and similar settings. Both commands
can be run by any user.
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
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import native
from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.kernels.choice import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rawbpf.arch import Architecture

__all__ = [
    "TARGET_FORMAT",
    "Apt",
    "Archive",
    "debian_archives",
    "field",
    "private_apt",
    "settings",
    "sources",
]

TARGET_FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(ARCHITECTURE)"
"""The output format of ``apt-get indextargets`` that ``debian_archives`` parses."""

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_OFFLINE = (
    "run `rawbpf guest --fetch KERNEL` with a network connection, or copy "
    "~/.cache/rawbpf/kernels from another machine, or specify an image: --kernel FILE"
)

_BY_HAND = "specify the path of a kernel image: --kernel /boot/vmlinuz-..."


@contextmanager
def private_apt(
    suite: str, what: str, say: Callable[[str], None], arch: Architecture | None = None
) -> Iterator[Apt]:
    """Prepare apt for one suite and architecture, by default this machine's.

    ``what`` describes the download in errors, and ``say`` prints progress.

    Raises GuestError if this system has no apt, or if apt has no Debian archive as a source.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise GuestError(
            f"cannot fetch {what}", why="apt is not installed on this system", fix=_BY_HAND
        )
    with (
        cache.errors_named(f"cannot fetch {what}"),
        cache.locked("apt", lambda: say("waiting for another download to finish")),
    ):
        # Because the lock is held, any such folder was left by an interrupted download.
        for left_over in cache.folder("apt").iterdir():
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=cache.folder("apt"), ignore_cleanup_errors=True
        ) as folder:
            yield Apt(Path(folder), suite, what, say, arch or native())


class Apt:
    """apt for one suite and architecture, with all of its state in ``folder``."""

    def __init__(
        self,
        folder: Path,
        suite: str,
        what: str,
        say: Callable[[str], None],
        arch: Architecture,
    ) -> None:
        self.folder, self.suite, self.say, self.arch = folder, suite, say, arch
        self._what = what
        archives = debian_archives(
            self._run("apt-get", "indextargets", "--format", TARGET_FORMAT, private=False), SUITES
        )
        if not archives:
            raise GuestError(
                f"cannot fetch {what}",
                why="the apt sources do not include a Debian archive",
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
            settings(acquire, folder, _user(), arch.debian), encoding="utf-8"
        )

    def update(self) -> None:
        """Download the suite's package lists.

        apt-get succeeds even if it cannot reach the archive, and only prints a warning. Raises
        GuestError in this case as well.
        """
        self._run("apt-get", "--quiet", "update")
        if not any((self.folder / "state/lists").glob("*Packages*")):
            raise GuestError(
                f"cannot fetch {self._what}",
                why=f"the package lists of {self.suite} cannot be downloaded (no network?)",
                fix=_OFFLINE,
            )

    def show(self, package: str) -> str:
        """Return the control record of the version that apt would install."""
        record = self._run("apt-cache", "show", "--no-all-versions", package)
        if not record.strip():
            raise GuestError(f"{self.suite} has no package {package}")
        return record

    def with_dependencies(self, packages: Sequence[str]) -> list[str]:
        """Return the packages and everything that they depend on, without recommended packages."""
        planned = self._run(
            "apt-get", "--simulate", "--no-install-recommends", "install", *packages
        )
        return re.findall(r"^Inst (\S+)", planned, re.MULTILINE)

    def unpack(self, packages: Sequence[str]) -> Path:
        """Download and unpack packages, and return the folder that contains their files."""
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without an entry in /etc/passwd
        return "root"


def field(record: str, name: str) -> str:
    r"""Return a field of a control record, or an empty string if there is no such field.

    >>> field("Package: libc6\nVersion: 2.36-9\n", "Version")
    '2.36-9'
    """
    found = re.search(rf"^{name}: *(.*)$", record, re.MULTILINE)
    return found[1] if found else ""


def _cause(said: str) -> str:
    """Return the most useful line of apt's output, preferring errors to notes and warnings."""
    lines = [line for line in said.splitlines() if line.startswith("E:")]
    keys = [line for line in said.splitlines() if "NO_PUBKEY" in line]
    return (keys or lines or [""])[0].removeprefix("E: ").removeprefix("W: ")


class Archive(NamedTuple):
    """A Debian archive: the main archive, or the archive with security updates."""

    uri: str
    security: bool


def debian_archives(targets: str, suites: Iterable[str]) -> list[Archive]:
    """Parse lines in TARGET_FORMAT into Debian archives without duplicates.

    Before its first update, apt does not know the Origin. In that case, archives are recognized by
    the names of known suites.

    >>> debian_archives("http://mirror.example/debian/|bookworm|main|Debian|amd64", [])
    [Archive(uri='http://mirror.example/debian/', security=False)]
    """
    names = {f"{suite}{part}" for suite in suites for part in ("", "-updates", "-security")}
    found: dict[Archive, None] = {}
    for line in targets.splitlines():
        uri, release, component, origin, _ = (*line.split("|"), "", "", "", "", "")[:5]
        known = release.strip("/").partition("/")[0] in names
        is_debian = origin == "Debian" or (origin in ("", "$(ORIGIN)") and known)
        if is_debian and component == "main" and not uri.startswith("cdrom:"):
            found[Archive(uri, "-security" in release or "/updates" in release)] = None
    return list(found)


def sources(archives: Iterable[Archive], suite: str, keyring: str = _KEYRING) -> str:
    """Return a sources.list for one suite, including the suite's security updates.

    >>> print(sources([Archive("http://mirror.example/debian/", False)], "sid", keyring=""))
    deb http://mirror.example/debian/ sid main
    """
    # This keyring contains the keys of all suites. Without a keyring, apt uses its own defaults.
    option = f"[signed-by={keyring}] " if Path(keyring).is_file() else ""
    lines = []
    for archive in archives:
        if not archive.security:
            lines.append(f"deb {option}{archive.uri} {suite} main")
        elif suite != "sid":  # unstable has no separate archive for security updates
            lines.append(f"deb {option}{archive.uri} {suite}-security main")
    return "\n".join(lines)


def settings(acquire: str, folder: Path, user: str, architecture: str) -> str:
    """Return an apt.conf that places all state in ``folder``.

    ``acquire`` contains the download settings of this machine. No other settings of this machine
    are used, in particular no hooks, which are meant for its own updates.
    """
    private = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",
        # If root runs apt, apt downloads as another user, who may not be able to read this folder.
        "APT::Sandbox::User": user,
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
    }
    lines = [f'{key} "{value}";' for key, value in private.items()]
    return "\n".join([acquire, *lines, ""])
