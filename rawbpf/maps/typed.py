"""The types of one map: its keys' and its values' codecs, and errors that name the map."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from rawbpf.errors import UsageError
from rawbpf.kernel.cpus import possible_cpus
from rawbpf.maps.codecs import Codec, Descriptor, Lpm, PerCpu, codec_of
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Types"]

_BYTES = bytes | bytearray | memoryview


class Types:
    """How the keys and values of a map are written and read.

    ``known``: whether something says what they are, more than how many bytes they have.
    """

    def __init__(
        self, name: str, key: Codec, value: Codec, holds: str = "", *, known: bool = True
    ) -> None:
        self.name, self.key, self.value, self.holds = name, key, value, holds
        self.known = known

    @classmethod
    def of(cls, spec: MapSpec, types: Btf | None) -> Self:
        """By BTF, by the names of integers in the blueprint, or by the sizes."""
        kind = spec.kind
        key = codec_of(spec.key_size, spec.key_type, types, spec.btf_key_type_id)
        value = codec_of(spec.value_size, spec.value_type, types, spec.btf_value_type_id)
        if spec.map_type is bpf_map_type.BPF_MAP_TYPE_LPM_TRIE:
            described = types is not None and bool(spec.btf_key_type_id)
            key = Lpm(spec.key_size, key if described else None)
        elif kind.keyed_by == "fd":
            key = Descriptor(spec.key_size)
        if kind.holds:
            value = Descriptor(spec.value_size)
        elif kind.per_cpu:
            value = PerCpu(value, len(possible_cpus()))
        by_btf = types is not None and bool(spec.btf_value_type_id)
        known = by_btf or bool(kind.holds or spec.value_type)
        return cls(spec.name, key, value, kind.holds, known=known)

    def encode_key(self, key: Any) -> bytes:  # noqa: ANN401 -- as the map's types say
        """The bytes of a key. UsageError names the map."""
        return self._encode(self.key, key, "a key")

    def decode_key(self, data: bytes) -> Any:  # noqa: ANN401 -- as above
        """A key; a struct is a dict, as everywhere."""
        return self.key.decode(data)

    def encode_value(self, value: Any) -> bytes:  # noqa: ANN401 -- as above
        """The bytes of a value."""
        return self._encode(self.value, value, "a value")

    @contextmanager
    def holding(self, value: Any) -> Iterator[bytes]:  # noqa: ANN401 -- as above
        """The bytes of a value, and while they are used, what they refer to is open.

        A map or a program that is given by its id is opened for the moment.
        """
        if self.holds in ("map", "prog") and isinstance(value, int):
            from rawbpf.kernel.objects import open_id

            with open_id(self.holds, value) as fd:
                yield self.encode_value(fd)
        else:
            yield self.encode_value(value)

    def _encode(self, codec: Codec, value: Any, what: str) -> bytes:  # noqa: ANN401 -- as above
        if isinstance(value, _BYTES) and len(value) == codec.size:
            return bytes(value)
        if not codec.size:
            fix = "use push, pop and peek" if codec is self.key else None
            raise UsageError(f"map {self.name!r} has no {what[2:]}s", fix=fix)
        try:
            return codec.encode(value)
        except UsageError as error:
            told = f"map {self.name!r} cannot have {what} like that: {error.what}"
            raise UsageError(told, why=error.why, fix=error.fix) from None
