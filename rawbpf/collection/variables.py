"""Global variables by name, typed: before loading they are bytes here, afterwards a map's value.

    obj.rodata["target_pid"] = 42         before load(): afterwards it is frozen
    obj.bss["dropped"]                    after it: what the programs have counted

A section's map has one entry, whose value is the whole section. To set one variable by updating
the entry would overwrite its neighbours with what they were a moment ago. So the map is mapped
into memory (BPF_F_MMAPABLE, 5.5) and only the variable's own bytes are written.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from rawbpf.btf.values.codec import codec
from rawbpf.collection.named import unknown
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.values.codec import ValueCodec
    from rawbpf.specs.object_spec import DataSpec, Variable

__all__ = ["Section"]


class Section(MutableMapping[str, Any]):
    r"""The variables of one section, as a mapping from their names.

    Values are those of ``rawbpf.btf.values``: integers, dicts for structs, bytes for text. Of a
    variable without BTF (one from assembly) they are bytes, or an integer if it is one.

    >>> from rawbpf.specs.object_spec import DataSpec, Variable
    >>> section = Section(DataSpec(".data", b"\x07\0\0\0", (Variable("limit", 0, 4, 4),)), None)
    >>> section["limit"] = 9
    >>> section["limit"], bytes(section.contents)
    (9, b'\t\x00\x00\x00')
    """

    def __init__(self, spec: DataSpec, types: Btf | None) -> None:
        self.name, self.read_only = spec.name, spec.read_only
        self._memory: bytearray | memoryview = bytearray(spec.contents)
        self._frozen = False
        self._variables = {one.name: one for one in spec.variables}
        self._types = types
        self._codecs: dict[str, ValueCodec | None] = {}

    @property
    def contents(self) -> bytes:
        """The whole section as it is now."""
        return bytes(self._memory)

    def move_to(self, memory: memoryview) -> None:
        """From now on the variables are there: in the map."""
        self._memory = memory

    def freeze(self) -> None:
        """From now on nothing changes them."""
        self._memory, self._frozen = bytearray(self._memory), True

    def leave(self) -> None:
        """Keep the last values when the map goes."""
        self._memory = bytearray(self._memory)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the variable's type holds
        place = self._place(name)
        data = bytes(self._memory[place.offset : place.offset + place.size])
        kind = self._codec(name)
        if kind is not None:
            return kind.decode(data)
        return int.from_bytes(data, "little") if _is_number(place) else data

    def __setitem__(self, name: str, value: Any) -> None:  # noqa: ANN401 -- checked by the codec
        place = self._place(name)
        if self._frozen:
            raise UsageError(f"{name} cannot change any more", why=f"{self.name} is constant")
        kind = self._codec(name)
        data = _plain(place, value) if kind is None else kind.encode(value, name)
        self._memory[place.offset : place.offset + place.size] = data

    def __delitem__(self, name: str) -> None:
        raise UsageError(f"{name} cannot be deleted: it is a variable of a program")

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def _place(self, name: str) -> Variable:
        place = self._variables.get(name)
        if place is None:
            raise unknown(f"{self.name} has no variable {name!r}", name, self)
        return place

    def codec(self, name: str) -> ValueCodec | None:
        """How the variable's bytes are read; None if nothing says so."""
        self._place(name)
        return self._codec(name)

    def _codec(self, name: str) -> ValueCodec | None:
        if name not in self._codecs:
            self._codecs[name] = self._find_codec(name)
        return self._codecs[name]

    def _find_codec(self, name: str) -> ValueCodec | None:
        place = self._variables[name]
        if self._types is None or not place.type_id:
            return None
        found = codec(self._types, place.type_id)
        return found if found.size == place.size else None


def _is_number(place: Variable) -> bool:
    return place.size == place.width and place.size in (1, 2, 4, 8)


def _plain(place: Variable, value: Any) -> bytes:  # noqa: ANN401 -- checked here
    """A value without a type: bytes up to its size, or an integer that fits."""
    if isinstance(value, bytes | bytearray) and len(value) <= place.size:
        return bytes(value).ljust(place.size, b"\0")
    bits = 8 * place.size
    if isinstance(value, int) and -1 << (bits - 1) <= value < 1 << bits:
        return (value % (1 << bits)).to_bytes(place.size, "little")
    raise UsageError(
        f"{place.name} cannot be {value!r}", fix=f"give an integer or {place.size} bytes"
    )
