r"""Keys and values as Python has them, for every type of map.

Where BTF describes them they are what ``rawbpf.btf.values`` makes of it: ints, dicts, lists, bytes.
Where only a size is known, 1, 2, 4 and 8 bytes are an unsigned integer, all others are bytes. Bytes
of exactly the right length are taken as they are, always.

    per-CPU maps    a list with one value for each possible CPU; a single value is for all of them
    LPM tries       (prefix length, bytes), or text: "10.0.0.0/8"
    descriptors     an object with fileno(), or its number

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

__all__ = [
    "Codec",
    "Descriptor",
    "Lpm",
    "MapCodecs",
    "PerCpu",
    "Plain",
    "codec_of",
]

_INTEGERS = (1, 2, 4, 8)
_BYTES = bytes | bytearray | memoryview


class Codec(Protocol):
    """Bytes of one size, to Python and back. UsageError: it is no value of the type."""

    size: int

    def decode(self, data: bytes) -> Any:  # noqa: ANN401 -- whatever the values are
        """The value."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked
        """The bytes."""


class Plain:
    """Values of which the size is all that is known. ``signed``: "s32" was said, say."""

    def __init__(self, size: int, *, signed: bool = False) -> None:
        self.size, self._signed = size, signed

    def decode(self, data: bytes) -> int | bytes:
        """An integer, if it can be one."""
        if self.size not in _INTEGERS:
            return data
        return int.from_bytes(data, "little", signed=self._signed)

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked here
        """An integer may be negative, as in C. A text that is shorter is filled up with zeros."""
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes | bytearray | memoryview) and self._takes(len(value)):
            return bytes(value).ljust(self.size, b"\0")
        bits = 8 * self.size
        if isinstance(value, int) and bits and -1 << (bits - 1) <= value < 1 << bits:
            return (value % (1 << bits)).to_bytes(self.size, "little")
        number = "an integer or " if self.size in _INTEGERS else ""
        raise UsageError(f"{value!r} does not fit", fix=f"give {number}{self.size} bytes")

    def _takes(self, length: int) -> bool:
        """Whether so many bytes are a value. Of a number none may be missing."""
        return length == self.size or (self.size not in _INTEGERS and 0 < length < self.size)


class Descriptor(Plain):
    """Descriptors of whatever has one: sockets, files, perf events."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked by Plain
        """The number of a descriptor."""
        return super().encode(value.fileno() if hasattr(value, "fileno") else value)


class PerCpu:
    """A value for each possible CPU, each rounded up to 8 bytes.

    >>> PerCpu(Plain(4), 2).encode([1, 2]).hex(" ", 4)
    '01000000 00000000 02000000 00000000'
    """

    def __init__(self, inner: Codec, cpus: int) -> None:
        self._inner, self._cpus = inner, cpus
        self._step = -(-inner.size // 8) * 8
        self.size = self._step * cpus

    def decode(self, data: bytes) -> list[Any]:
        """The values in the order of the possible CPUs."""
        size, step = self._inner.size, self._step
        return [self._inner.decode(data[at : at + size]) for at in range(0, self.size, step)]

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked by the inner codec
        """A list as long as there are CPUs; anything else is every CPU's value."""
        values = value if isinstance(value, list | tuple) else [value] * self._cpus
        if len(values) != self._cpus:
            raise UsageError(
                f"{len(values)} values for {self._cpus} CPUs",
                fix=f"give a list of {self._cpus}, or one value for all",
            )
        return b"".join(self._inner.encode(one).ljust(self._step, b"\0") for one in values)


class Lpm:
    r"""Keys of a trie: how many bits of the prefix count, and the prefix, highest byte first.

    >>> Lpm(8).encode("10.0.0.0/8").hex(" ", 4), Lpm(8).decode(bytes.fromhex("08000000 0a000000"))
    ('08000000 0a000000', (8, b'\n\x00\x00\x00'))
    """

    def __init__(self, size: int, inner: Codec | None = None) -> None:
        self.size, self._inner = size, inner

    def decode(self, data: bytes) -> Any:  # noqa: ANN401 -- as BTF says, or a tuple
        """What BTF makes of it, or (prefix length, bytes)."""
        if self._inner is not None:
            return self._inner.decode(data)
        return int.from_bytes(data[:4], "little"), data[4:]

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 -- checked here
        """From a tuple, a network's text, or what BTF says."""
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
        fix = f'give (bits, bytes) with at most {room} bytes, or text such as "10.0.0.0/8"'
        raise UsageError(f"{value!r} is no prefix", fix=fix)

    def _network(self, text: str) -> tuple[int, bytes]:
        from ipaddress import ip_network

        try:
            network = ip_network(text, strict=False)
        except ValueError as error:
            raise UsageError(f"{text!r} is no network", why=str(error)) from None
        address = network.network_address.packed
        if len(address) != self.size - 4:
            why = f"its addresses have {len(address)} bytes, the map's {self.size - 4}"
            raise UsageError(f"{text!r} does not fit", why=why)
        return network.prefixlen, address


def codec_of(size: int, name: str, types: Btf | None, type_id: int) -> Codec:
    """By BTF if there is any that fits, else by the integer's ``name``, else by the size."""
    if types is not None and type_id:
        from rawbpf.btf.values.codec import codec

        try:
            found = codec(types, type_id)
        except FormatError:  # a type that has no values; the bytes are still there
            found = None
        if found is not None and found.size == size:
            return found
    return Plain(size, signed=name.startswith("s"))


class MapCodecs:
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
