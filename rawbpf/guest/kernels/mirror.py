"""Where this machine's apt gets Debian from, and how a private apt of ours gets the same.

apt answers itself: ``apt-get indextargets`` lists what it would download, whatever form its sources
are written in, with the Origin that a Release file states once it has been seen, and ``apt-config
dump Acquire`` gives proxies and the like. Any user may ask both; nothing of the machine's apt is
changed, and signatures are verified as ever.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TARGET_FORMAT", "Archive", "debian_archives", "settings", "sources"]

TARGET_FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(ARCHITECTURE)"
"""What to ask ``apt-get indextargets --format`` for."""

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Archive(NamedTuple):
    """One Debian archive: the main one, or the one with security updates."""

    uri: str
    security: bool


def debian_archives(targets: str, suites: Iterable[str]) -> list[Archive]:
    """The Debian archives among the lines of an answer in TARGET_FORMAT, each once.

    Before its first update apt knows no Origin; then a known suite's name has to do.

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
    """A sources.list for one suite: from the main archives, and its security updates.

    >>> print(sources([Archive("http://mirror.example/debian/", False)], "sid", keyring=""))
    deb http://mirror.example/debian/ sid main
    """
    # All suites are signed with keys of the one keyring; without it apt looks in its own places.
    option = f"[signed-by={keyring}] " if Path(keyring).is_file() else ""
    lines = []
    for archive in archives:
        if not archive.security:
            lines.append(f"deb {option}{archive.uri} {suite} main")
        elif suite != "sid":  # unstable gets its fixes directly
            lines.append(f"deb {option}{archive.uri} {suite}-security main")
    return "\n".join(lines)


def settings(acquire: str, folder: Path, user: str) -> str:
    """The configuration of an apt with its state below a folder.

    ``acquire`` is how this machine acquires; none of its other settings (hooks above all, which
    are meant for the machine's own updates) are taken over.
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
        # apt drops to a user of its own for downloads when root runs it: one who may not read here.
        "APT::Sandbox::User": user,
    }
    lines = [f'{key} "{value}";' for key, value in private.items()]
    return "\n".join([acquire, *lines, ""])
