"""A folder that stands for the ``/`` of some machine. It has only the files that a test writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    Files = dict[str, str | bytes]

INITIAL_USER_NAMESPACE = "user:[4026531837]"
ALL_CAPABILITIES = (1 << 41) - 1


class Machine:
    """``Machine(tmp_path)`` is a machine with nothing; add to it. Pass ``machine.root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, path: str, content: str | bytes) -> Machine:
        """Write one file."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def process(self, *, capabilities: int = ALL_CAPABILITIES, seccomp: int = 0) -> Machine:
        """What /proc/self/status says of rights."""
        return self.file(
            "/proc/self/status", f"CapEff:\t{capabilities:016x}\nSeccomp:\t{seccomp}\n"
        )

    def user_namespace(self, link: str = INITIAL_USER_NAMESPACE) -> Machine:
        """Where /proc/self/ns/user leads."""
        place = self.root / "proc/self/ns/user"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(link)
        return self

    def mounts(self, *rows: str) -> Machine:
        """The lines of /proc/self/mounts."""
        return self.file("/proc/self/mounts", "".join(row + "\n" for row in rows))

    def release(self, release: str, build: str = "#1 SMP") -> Machine:
        """The kernel's version strings."""
        self.file("/proc/sys/kernel/version", build + "\n")
        return self.file("/proc/sys/kernel/osrelease", release + "\n")

    def kallsyms(self, text: str) -> Machine:
        """/proc/kallsyms; the tab before a module may be written as a space."""
        return self.file("/proc/kallsyms", text.replace(" [", "\t["))

    def kprobe_pmu(self) -> Machine:
        """A kernel with kprobes."""
        device = "/sys/bus/event_source/devices/kprobe"
        self.file("/sys/bus/event_source/devices/software/type", "1\n")
        return self.file(f"{device}/type", "6\n").file(f"{device}/format/retprobe", "config:0\n")
