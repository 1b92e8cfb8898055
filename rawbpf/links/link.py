"""A link, which keeps a program attached until the link is closed."""

from __future__ import annotations

from contextlib import ExitStack

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.kernel.pins import Path
    from rawbpf.links.info import LinkInfo
    from rawbpf.syscall.fd import Fd

__all__ = ["Link"]


class Link(Owner):
    """Owns the descriptors that attach a program; messages refer to the target as ``where``.

    If the kernel supports links for this kind of probe, the first descriptor is a BPF link, which
    has an ID in the kernel. Otherwise, the first descriptor is a perf event, and ``info`` and
    ``pin`` raise UnsupportedError. The remaining descriptors are the perf events that belong to the
    link.
    """

    def __init__(self, where: str, *fds: Fd) -> None:
        self.where = where
        self._fds = fds

    @staticmethod
    def from_id(number: int) -> Link:
        """Open the link with the given ID (5.8; CAP_SYS_ADMIN).

        Raises KernelError (ENOENT, EPERM).

        Closing the returned link does not detach the program, because the link's creator still has
        the link open.
        """
        from rawbpf.kernel.objects import open_id

        return Link(f"link {number}", open_id("link", number))

    @staticmethod
    def from_pin(path: Path) -> Link:
        """Open the link pinned at ``path``.

        Raises KernelError (ENOENT, EACCES) if the path cannot be opened, or UsageError if the
        pinned object is not a link.
        """
        from rawbpf.kernel.pins import open_pinned

        return Link(f"link {path}", open_pinned(path, "link"))

    def __repr__(self) -> str:
        return f"<Link {self.where}{', closed' if self._fds[0].closed else ''}>"

    def fileno(self) -> int:
        """Return the first descriptor, which the link continues to own."""
        return self._fds[0].fileno()

    def info(self) -> LinkInfo:
        """Return the link's ID, type, program, and type-specific details (5.8)."""
        from rawbpf.links.info import read_info

        return read_info(self.fileno(), self.where)

    @property
    def missed(self) -> int | None:
        """Return the number of hits for which the program did not run, or None if it is unknown.

        Since 6.7, the kernel counts misses of kprobes and kprobe.multi: hits that occur inside
        another kprobe's handler, and calls for which no kretprobe instance was free. Misses that
        the kernel counts per program (``recursion_misses``) are not included.
        """
        try:
            missed = self.info().part.get("missed")
        except (KernelError, UnsupportedError):  # detaching must succeed even if the query fails
            return None
        return None if missed is None else int(missed)

    def pin(self, path: Path) -> None:
        """Pin the link in bpffs, so that the program stays attached after this process exits."""
        from rawbpf.kernel.pins import pin

        self.info()  # raises UnsupportedError for a perf event, which cannot be pinned (EINVAL)
        pin(self.fileno(), path, f"the link to {self.where}")

    def close(self) -> None:
        """Detach the program, unless the link is pinned.

        Closing a link twice has no effect.

        The link is closed before the perf event; closing the event returns only after the program's
        last run.
        """
        with ExitStack() as stack:
            for fd in reversed(self._fds):
                stack.callback(fd.close)
