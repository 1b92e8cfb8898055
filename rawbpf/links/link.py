"""What keeps a program running: descriptors that, when they are closed, take it away again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.syscall.owner import Owner

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = ["Link"]


class Link(Owner):
    """Owns what ties a program to a place; ``where`` says which, for people."""

    def __init__(self, where: str, *fds: Fd) -> None:
        self.where = where
        self._fds = fds

    def fileno(self) -> int:
        """The first descriptor, still owned by the link."""
        return self._fds[0].fileno()

    def close(self) -> None:
        """Detach. Closing twice does nothing."""
        with ExitStack() as stack:
            for fd in self._fds:
                stack.callback(fd.close)
