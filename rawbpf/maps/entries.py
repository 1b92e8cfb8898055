"""A map as a Python mapping: ``m[key]``, ``m[key] = value``, ``for key in m``, ``m.items()``.

Keys and values are converted according to the map's BTF or sizes (``rawbpf.maps.codecs``). The
encoded bytes are read and written by ``rawbpf.maps.raw``. A map differs from a dict in three ways:
a map can be full, other programs may change it at any time, and ``len`` has to count its entries.
"""

from __future__ import annotations

from functools import cached_property

from rawbpf.errors import KernelError, MissingKeyError
from rawbpf.light_typing import TYPE_CHECKING, Protocol
from rawbpf.maps.raw import RawMap
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import BPF_ANY, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rawbpf.btf.btf import Btf
    from rawbpf.maps.codecs import MapCodecs
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["NO_KEY", "Entries", "KnowsTypes"]

NO_KEY = b""
"""The key to pass for maps without keys: queues, stacks and Bloom filters."""


class KnowsTypes(Protocol):
    """An object that loads BTF on demand."""

    @property
    def types(self) -> Btf:
        """Return the BTF."""


class Entries(RawMap):
    """A map with typed keys and values.

    The type IDs in the spec refer to the BTF that ``types`` provides, or to the loaded BTF with the
    ID ``btf_id``. Raises MissingKeyError (a KeyError) if the key does not exist, and UsageError if
    the key or value has the wrong type.
    """

    def __init__(
        self, fd: Fd, spec: MapSpec, types: KnowsTypes | None = None, btf_id: int = 0
    ) -> None:
        super().__init__(fd, spec)
        self._types, self._btf_id = types, btf_id

    @cached_property
    def types(self) -> MapCodecs:
        """Return the codecs for the map's keys and values."""
        # Code that only reads counters does not need codecs, and starts faster without them.
        from rawbpf.maps.codecs import MapCodecs

        if self._types is None and self._btf_id:
            from rawbpf.kernel.btf_objects import btf_by_id

            return MapCodecs.of(self.spec, btf_by_id(self._btf_id))
        return MapCodecs.of(self.spec, None if self._types is None else self._types.types)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 -- as the map's types say
        try:
            return self.types.value.decode(self.lookup(self.types.encode_key(key)))
        except KernelError as error:
            raise self._explained("read", key, error, writing=False) from None

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401 -- as above
        self.set(key, value)

    def set(self, key: Any, value: Any, flags: int = BPF_ANY) -> None:  # noqa: ANN401
        """Set ``m[key]``.

        With BPF_NOEXIST, the key must be new; with BPF_EXIST, the key must exist.

        Raises KernelError with E2BIG (the map is full), EEXIST or EPERM (the map is frozen), or
        MissingKeyError.
        """
        raw = self.types.encode_key(key)
        with self.types.holding(value) as data:
            try:
                self.update(raw, data, flags)
            except KernelError as error:
                raise self._explained("set a key of", key, error) from None

    def __delitem__(self, key: Any) -> None:  # noqa: ANN401 -- as above
        try:
            self.delete(self.types.encode_key(key))
        except KernelError as error:
            raise self._explained("delete a key of", key, error) from None

    def __contains__(self, key: Any) -> bool:  # noqa: ANN401 -- as above
        try:
            if self.spec.map_type is bpf_map_type.BPF_MAP_TYPE_BLOOM_FILTER:
                data = self.types.encode_value(key)
                bpf.map_lookup_elem(self.fileno(), NO_KEY, self.value_size, data)
            else:
                self.lookup(self.types.encode_key(key))
        except KernelError as error:
            explained = self._explained("read", key, error, writing=False)
            if isinstance(explained, MissingKeyError):
                return False
            raise explained from None
        return True

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 -- as above
        """Return the value of ``key``, or ``default`` if the key does not exist."""
        try:
            return self[key]
        except MissingKeyError:
            return default

    def __iter__(self) -> Iterator[Any]:
        return self.keys()

    def keys(self) -> Iterator[Any]:
        """Iterate over all keys.

        If the map changes during the iteration, some keys may be yielded twice.
        """
        return map(self.types.decode_key, self.raw_keys())

    def values(self) -> Iterator[Any]:
        """Iterate over all values."""
        return (value for _, value in self.items())

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over all entries in no particular order.

        If the kernel supports it, each system call reads many entries.
        """
        types = self.types
        for key, value in self.raw_items():
            yield types.decode_key(key), types.value.decode(value)

    def raw_items(self) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over all entries as bytes."""
        from rawbpf.maps.batch import read_all  # not needed for counters

        try:
            yield from read_all(self)
        except KernelError as error:
            raise self._explained("read", None, error, writing=False) from None
