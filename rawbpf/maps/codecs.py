r"""Convert keys and values of maps between Python objects and bytes.

Values that are described by BTF are ints, dicts, lists and bytes, as in ``rawbpf.btf.values``. If
only the size is known, values of 1, 2, 4 and 8 bytes are unsigned integers, and all other values
are bytes. A bytes object of exactly the right length is always accepted.

    per-CPU maps   │ a list with one value per possible CPU; a single value applies to all
    LPM tries      │ (prefix length, bytes), or a string: "10.0.0.0/8"
    descriptors    │ an object with fileno(), or its number

>>> Plain(4).encode(7).hex(), Plain(4).decode(b"\x07\0\0\0"), Plain(3).decode(b"abc")
('07000000', 7, b'abc')
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Self

from rawbpf.errors import FormatError, UsageError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Codec", "Descriptor", "Lpm", "MapCodecs", "PerCpu", "Plain", "codec_of"]

_INTEGERS = (1, 2, 4, 8)
_BYTES = bytes | bytearray | memoryview


class Codec(Protocol):
    """Converts between a Python value and ``size`` bytes."""

    size: int

    def decode(self, data: bytes) -> Any:  # noqa: ANN401 -- depends on the type
        """Decode a value from bytes."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked
        """Encode a value as bytes. Raises UsageError if the value does not fit the type."""


class Plain:
    """Converts values without BTF, which are integers (``signed`` or not) or bytes."""

    def __init__(self, size: int, *, signed: bool = False) -> None:
        self.size, self._signed = size, signed

    def decode(self, data: bytes) -> int | bytes:
        """Return an integer if there are 1, 2, 4 or 8 bytes, or the bytes themselves otherwise."""
        if self.size not in _INTEGERS:
            return data
        return int.from_bytes(data, "little", signed=self._signed)

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked here
        """Encode an integer (possibly negative), or a string or bytes padded with zeros."""
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes | bytearray | memoryview) and self._accepts(len(value)):
            return bytes(value).ljust(self.size, b"\0")
        bits = 8 * self.size
        if isinstance(value, int) and bits and -1 << (bits - 1) <= value < 1 << bits:
            return (value % (1 << bits)).to_bytes(self.size, "little")
        number = "an integer or " if self.size in _INTEGERS else ""
        raise UsageError(f"the value {value!r} does not fit", fix=f"give {number}{self.size} bytes")

    def _accepts(self, length: int) -> bool:
        """Return whether a value of the type can have this size.

        Only integers must have exactly this size.
        """
        return length == self.size or (self.size not in _INTEGERS and 0 < length < self.size)


class Descriptor(Plain):
    """Converts file descriptors of sockets, files, perf events and so on."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked by Plain
        """Encode a file descriptor given as a number or as an object with fileno()."""
        return super().encode(value.fileno() if hasattr(value, "fileno") else value)


class PerCpu:
    """Converts one value per possible CPU; each value is padded to a multiple of 8 bytes.

    >>> PerCpu(Plain(4), 2).encode([1, 2]).hex(" ", 4)
    '01000000 00000000 02000000 00000000'
    """

    def __init__(self, inner: Codec, cpus: int) -> None:
        self._inner, self._cpus = inner, cpus
        self._step = -(-inner.size // 8) * 8
        self.size = self._step * cpus

    def decode(self, data: bytes) -> list[Any]:
        """Return the values of all possible CPUs, in the order of their IDs."""
        size, step = self._inner.size, self._step
        return [self._inner.decode(data[at : at + size]) for at in range(0, self.size, step)]

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked by the inner codec
        """Encode a list with one value per CPU, or a single value that applies to all CPUs."""
        values = value if isinstance(value, list | tuple) else [value] * self._cpus
        if len(values) != self._cpus:
            raise UsageError(
                f"the list has {len(values)} values, but this machine has {self._cpus} CPUs",
                fix=f"pass a list of {self._cpus} values, or one value for all CPUs",
            )
        return b"".join(self._inner.encode(one).ljust(self._step, b"\0") for one in values)


class Lpm:
    r"""Converts keys of a longest-prefix-match trie: a prefix length followed by an address.

    >>> Lpm(8).encode("10.0.0.0/8").hex(" ", 4), Lpm(8).decode(bytes.fromhex("08000000 0a000000"))
    ('08000000 0a000000', (8, b'\n\x00\x00\x00'))
    """

    def __init__(self, size: int, inner: Codec | None = None) -> None:
        self.size, self._inner = size, inner

    def decode(self, data: bytes) -> Any:  # noqa: ANN401 -- as BTF describes it, or a tuple
        """Return the key in the form described by BTF, or as (prefix length, bytes) without BTF."""
        if self._inner is not None:
            return self._inner.decode(data)
        return int.from_bytes(data[:4], "little"), data[4:]

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked here
        """Encode a tuple, a string such as "10.0.0.0/8", or a key in the form described by BTF."""
        if isinstance(value, str):
            value = self._network(value)
        if isinstance(value, tuple | list) and len(value) == 2:
            length, prefix = value
            room = self.size - 4
            bits = isinstance(length, int) and 0 <= length <= 8 * room
            if bits and isinstance(prefix, bytes) and len(prefix) <= room:
                return int(length).to_bytes(4, "little") + prefix.ljust(room, b"\0")
        elif self._inner is not None:
            return self._inner.encode(value)
        room = self.size - 4
        fix = f'pass (bits, bytes) with at most {room} bytes, or a string such as "10.0.0.0/8"'
        raise UsageError(f"invalid prefix {value!r}", fix=fix)

    def _network(self, text: str) -> tuple[int, bytes]:
        from ipaddress import ip_network

        try:
            network = ip_network(text, strict=False)
        except ValueError as error:
            raise UsageError(f"invalid network {text!r}", why=str(error)) from None
        address = network.network_address.packed
        if len(address) != self.size - 4:
            why = (
                f"the address is {len(address)} bytes long, but the map's keys hold {self.size - 4}"
            )
            raise UsageError(f"the address {text!r} does not fit", why=why)
        return network.prefixlen, address


def codec_of(size: int, name: str, types: Btf | None, type_id: int) -> Codec:
    """Return the codec for a BTF type if its size matches, or else for a type name or a size."""
    if types is not None and type_id:
        from rawbpf.btf.values.codec import codec

        try:
            found = codec(types, type_id)
        except FormatError:  # the type has no values, but its bytes can still be shown
            found = None
        if found is not None and found.size == size:
            return found
    return Plain(size, signed=name.startswith("s"))


class MapCodecs:
    """The codecs for the keys and values of a map.

    ``known`` is set if their types are known, and not only their sizes.
    """

    def __init__(
        self, name: str, key: Codec, value: Codec, holds: str = "", *, known: bool = True
    ) -> None:
        self.name, self.key, self.value, self.holds = name, key, value, holds
        self.known = known

    @classmethod
    def of(cls, spec: MapSpec, types: Btf | None) -> Self:
        """Choose codecs based on BTF, on the integer types named in the spec, or on sizes."""
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

    def encode_key(self, key: Any) -> bytes:  # noqa: ANN401 -- depends on the type
        """Encode a key as bytes. Raises UsageError with the map's name if the key is invalid."""
        return self._encode(self.key, key, "key")

    def decode_key(self, data: bytes) -> Any:  # noqa: ANN401 -- as above
        """Decode a key from bytes; a struct becomes a dict."""
        return self.key.decode(data)

    def encode_value(self, value: Any) -> bytes:  # noqa: ANN401 -- as above
        """Encode a value as bytes. Raises UsageError with the map's name if the key is invalid."""
        return self._encode(self.value, value, "value")

    @contextmanager
    def holding(self, value: Any) -> Iterator[bytes]:  # noqa: ANN401 -- as above
        """Yield the bytes of a value; a map or program given by ID is kept open in the meantime."""
        if self.holds in ("map", "prog") and isinstance(value, int):
            from rawbpf.kernel.objects import open_id

            with open_id(self.holds, value) as fd:
                yield self.encode_value(fd)
        else:
            yield self.encode_value(value)

    def _encode(self, codec: Codec, value: Any, part: str) -> bytes:  # noqa: ANN401 -- as above
        if isinstance(value, _BYTES) and len(value) == codec.size:
            return bytes(value)
        if not codec.size:
            fix = "use push, pop and peek" if codec is self.key else None
            raise UsageError(f"map {self.name!r} has no {part}s", fix=fix)
        try:
            return codec.encode(value)
        except UsageError as error:
            what = f"invalid {part} for map {self.name!r}: {error.what}"
            raise UsageError(what, why=error.why, fix=error.fix) from None
