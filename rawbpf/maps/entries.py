"""A map as Python has mappings: ``m[key]``, ``m[key] = value``, ``for key in m``, ``m.items()``.

Keys and values are what ``rawbpf.maps.codecs`` says: by the BTF of the map, or by its sizes. What
is underneath, bytes, is in ``rawbpf.maps.raw``. A map is no dict in three respects: it may be full,
others write to it at the same time, and nobody knows how many entries it has without counting them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from rawbpf.errors import KernelError, MissingKeyError
from rawbpf.maps.raw import RawMap
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import BPF_ANY, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.maps.codecs import MapCodecs
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["NO_KEY", "Entries", "KnowsTypes"]

NO_KEY = b""
"""The key of what has none: queues, stacks, Bloom filters."""


class KnowsTypes(Protocol):
    """What has the types of an object, and makes them complete when they are asked for."""

    @property
    def types(self) -> Btf:
        """The BTF."""


class Entries(RawMap):
    """A map with types. ``types`` gives the BTF that the spec's ids refer to; ``btf_id``: its id.

    MissingKeyError (a KeyError): no such key. UsageError: a key or a value of another type.
    """

    def __init__(
        self, fd: Fd, spec: MapSpec, types: KnowsTypes | None = None, btf_id: int = 0
    ) -> None:
        super().__init__(fd, spec)
        self._types, self._btf_id = types, btf_id

    @cached_property
    def types(self) -> MapCodecs:
        """How keys and values are written and read."""
        from rawbpf.maps.codecs import MapCodecs  # counters need no types, and start sooner

        if self._types is None and self._btf_id:
            from rawbpf.kernel.btf import btf_by_id

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
        """The same as ``m[key] = value``; BPF_NOEXIST: only a new one, BPF_EXIST: only an old one.

        Errors: E2BIG (full), EEXIST, MissingKeyError, EPERM (frozen).
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
            refusal = self._explained("read", key, error, writing=False)
            if isinstance(refusal, MissingKeyError):
                return False
            raise refusal from None
        return True

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 -- as above
        """The value of ``key``, or ``default`` if there is none."""
        try:
            return self[key]
        except MissingKeyError:
            return default

    def __iter__(self) -> Iterator[Any]:
        return self.keys()

    def keys(self) -> Iterator[Any]:
        """All keys. A map that changes meanwhile may yield some twice."""
        return map(self.types.decode_key, self.raw_keys())

    def values(self) -> Iterator[Any]:
        """All values."""
        return (value for _, value in self.items())

    def items(self) -> Iterator[tuple[Any, Any]]:
        """All keys with their values, in no order; many a call, where the kernel can."""
        types = self.types
        for key, value in self.raw_items():
            yield types.decode_key(key), types.value.decode(value)

    def raw_items(self) -> Iterator[tuple[bytes, bytes]]:
        """The same in bytes."""
        from rawbpf.maps.batch import read_all  # counters need none

        try:
            yield from read_all(self)
        except KernelError as error:
            raise self._explained("read", None, error, writing=False) from None
