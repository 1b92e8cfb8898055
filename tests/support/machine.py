"""A folder that stands for the ``/`` of a machine, with only the files that a test writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    Files = dict[str, str | bytes]

INITIAL_USER_NAMESPACE = "user:[4026531837]"
ALL_CAPABILITIES = (1 << 41) - 1


class Machine:
    """An empty machine in ``tmp_path``. Add files to it, and pass ``machine.root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, path: str, content: str | bytes) -> Machine:
        """Write a file."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def process(self, *, capabilities: int = ALL_CAPABILITIES, seccomp: int = 0) -> Machine:
        """Write the capabilities and the seccomp mode to /proc/self/status."""
        return self.file(
            "/proc/self/status", f"CapEff:\t{capabilities:016x}\nSeccomp:\t{seccomp}\n"
        )

    def user_namespace(self, link: str = INITIAL_USER_NAMESPACE) -> Machine:
        """Set the target of the link /proc/self/ns/user."""
        place = self.root / "proc/self/ns/user"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(link)
        return self

    def namespace(self, kind: str, inode: int) -> Machine:
        """Set the target of a link in /proc/self/ns."""
        place = self.root / "proc/self/ns" / kind
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(f"{kind.partition('_')[0]}:[{inode}]")
        return self

    def mounts(self, *rows: str) -> Machine:
        """Write the lines of /proc/self/mounts."""
        return self.file("/proc/self/mounts", "".join(row + "\n" for row in rows))

    def release(self, release: str, build: str = "#1 SMP") -> Machine:
        """Write the kernel's version strings."""
        self.file("/proc/sys/kernel/version", build + "\n")
        return self.file("/proc/sys/kernel/osrelease", release + "\n")

    def kallsyms(self, text: str) -> Machine:
        """Write /proc/kallsyms. A space before a module name is replaced by a tab."""
        return self.file("/proc/kallsyms", text.replace(" [", "\t["))

    def kprobe_pmu(self) -> Machine:
        """Add a kprobe PMU."""
        device = "/sys/bus/event_source/devices/kprobe"
        self.file("/sys/bus/event_source/devices/software/type", "1\n")
        return self.file(f"{device}/type", "6\n").file(f"{device}/format/retprobe", "config:0\n")
