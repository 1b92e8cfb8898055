"""What keeps a program running: descriptors that, when they are closed, take it away again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.kernel.pins import Path
    from rawbpf.links.info import LinkInfo
    from rawbpf.syscall.fd import Fd

__all__ = ["Link"]


class Link(Owner):
    """Owns what ties a program to a place; ``where`` says which, for people.

    Some places have links that the kernel knows by an id, others only the descriptor of a perf
    event: those can neither be asked nor pinned (UnsupportedError).
    """

    def __init__(self, where: str, *fds: Fd) -> None:
        self.where = where
        self._fds = fds

    @staticmethod
    def from_id(number: int) -> Link:
        """The link with this id (5.8; CAP_SYS_ADMIN). Errors: ENOENT, EPERM.

        Closing it does not detach: whoever made the link has it open, too.
        """
        from rawbpf.kernel.objects import open_id

        return Link(f"link {number}", open_id("link", number))

    @staticmethod
    def from_pin(path: Path) -> Link:
        """The link that is pinned there. Errors: ENOENT, EACCES; UsageError: it is no link."""
        from rawbpf.kernel.pins import open_pinned

        return Link(f"link {path}", open_pinned(path, "link"))

    def __repr__(self) -> str:
        return f"<Link {self.where}{', closed' if self._fds[0].closed else ''}>"

    def fileno(self) -> int:
        """The first descriptor, still owned by the link."""
        return self._fds[0].fileno()

    def info(self) -> LinkInfo:
        """Its id, type, program, and what there is for its type (5.8)."""
        from rawbpf.links.info import ask

        return ask(self.fileno(), self.where)

    def pin(self, path: Path) -> None:
        """Give it a name in the BPF file system: it stays attached when this process has gone."""
        from rawbpf.kernel.pins import pin

        self.info()  # a perf event would answer EINVAL, for no reason that is told
        pin(self.fileno(), path, f"the link to {self.where}")

    def close(self) -> None:
        """Detach. Closing twice does nothing."""
        with ExitStack() as stack:
            for fd in self._fds:
                stack.callback(fd.close)
