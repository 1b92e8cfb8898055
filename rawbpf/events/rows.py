"""A sequence of decoded records of one layout; only the requested records are decoded.

for batch in probe.batches(duration=5):
    len(batch)               how many records: nothing is decoded
    batch["pid"]             one field of every record
    batch.tuples()           every record as a tuple, by one struct
    batch.array()            a structured NumPy array, without copying anything
    for event in batch:      every record as an object, as in ``events()``
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from struct import calcsize

from rawbpf.light_typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    from rawbpf.events.layout import Layout
    from rawbpf.ring.batch import Batch

__all__ = ["Rows"]

R = TypeVar("R", covariant=True)


class Rows(Sequence[R]):
    """Records of one layout, as a sequence of ``R``, as columns, tuples or a NumPy array.

    ``numpy.asarray(rows)`` returns the same array as ``rows.array()``. The array shares the
    records' memory, so it may be kept indefinitely but must not be modified.
    """

    __slots__ = ("batch", "layout")

    def __init__(self, batch: Batch, layout: Layout) -> None:
        self.batch, self.layout = batch, layout

    @abstractmethod
    def _records(self, batch: Batch) -> Iterator[R]:
        """Yield the decoded records of ``batch``."""

    @abstractmethod
    def part(self, first: int, end: int) -> Self:
        """Return records ``first`` up to but not including ``end``, without copying."""

    def __len__(self) -> int:
        return self.batch.count

    def __iter__(self) -> Iterator[R]:
        return self._records(self.batch)

    def __getitem__(self, key: int | slice | str) -> Any:  # noqa: ANN401 -- depends on the key
        """Return a record, several records, or one field of all records.

        A slice without a step is another such sequence, and any other slice is a list.
        """
        if isinstance(key, str):
            return self._column(key)
        numbers = range(len(self))[key]
        if isinstance(numbers, int):
            return next(self._records(self.batch.part(numbers, numbers + 1)))
        if numbers.step == 1:
            return self.part(numbers.start, max(numbers.start, numbers.stop))
        return list(self._records(self.batch.pick(numbers)))

    def _column(self, name: str) -> list[Any]:
        field = self.layout.field(name)
        if field.code.endswith("s"):
            return self.batch.slices(field.offset, calcsize(field.code))
        return self.batch.column(field.offset, field.code).tolist()

    def tuples(self) -> list[tuple[Any, ...]]:
        """Return one tuple of fields for each record."""
        batch = self.batch
        end = batch.start + batch.count * batch.step
        one = self.layout.struct(batch.lead, batch.step)
        return list(one.iter_unpack(memoryview(batch.data)[batch.start : end]))

    def array(self) -> Any:  # noqa: ANN401 -- NumPy need not be installed
        """Return a structured NumPy array.

        Raises ImportError if NumPy is not installed (``rawbpf[fast]``).
        """
        import numpy as np

        return np.asarray(self)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        batch = self.batch
        return {
            "version": 3,
            "shape": (batch.count,),
            "typestr": f"|V{self.layout.size}",
            "descr": self.layout.description,
            "strides": (batch.step,),
            "data": batch.data,
            "offset": batch.start + batch.lead,
        }
