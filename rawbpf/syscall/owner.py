"""What owns something in the kernel, and gives it back at the end of its ``with`` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Owner"]


class Owner(ABC):
    """The base of descriptors, mappings, maps, programs, links, readers and sessions."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Give back what is owned. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
