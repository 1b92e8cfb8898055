"""Access global variables by name: as bytes before loading, and as a map value afterwards.

    obj.rodata["target_pid"] = 42        │ before load(); afterwards the section is frozen
    obj.bss["dropped"]                   │ after load(), the value that the programs see

The map for a section has one entry, whose value is the whole section. Setting a variable by
updating the entry would overwrite all other variables with stale values. The value is therefore
mapped into memory (BPF_F_MMAPABLE, 5.5), and only the variable's own bytes are written.
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

__all__ = ["Variables"]


_SHOWN = 60
"""Characters of a value that ``repr`` shows."""


class Variables(MutableMapping[str, Any]):
    r"""The variables of one section, as a mapping from their names to their values.

    Values have the types described in ``rawbpf.btf.values``: for example, int for integers, dict
    for structs, and bytes for text. A variable without BTF (from assembly) is an integer if it is
    as large as an integer type, and bytes otherwise.

    >>> from rawbpf.specs.object_spec import DataSpec, Variable
    >>> section = Variables(DataSpec(".data", b"\x07\0\0\0", (Variable("limit", 0, 4, 4),)), None)
    >>> section["limit"] = 9
    >>> section["limit"], bytes(section.contents)
    (9, b'\t\x00\x00\x00')
    """

    def __init__(self, spec: DataSpec, types: Btf | None) -> None:
        self.name, self.read_only = spec.name, spec.read_only
        self._memory: bytearray | memoryview = bytearray(spec.contents)
        self._frozen = self._unmapped = False
        self._variables = {one.name: one for one in spec.variables}
        self._types = types
        self._codecs: dict[str, ValueCodec | None] = {}

    def __repr__(self) -> str:
        from rawbpf.output.values import value_text

        names = self._variables if self._unmapped else ()
        values = () if self._unmapped else self.items()
        shown = [f"{name}={value_text(value)[:_SHOWN]}" for name, value in values]
        return f"<Variables {' '.join([self.name, *names, *shown])}>"

    @property
    def contents(self) -> bytes:
        """Return the current bytes of the whole section."""
        return bytes(self._memory)

    def move_to(self, memory: memoryview) -> None:
        """Access the variables through ``memory`` from now on; it is the map's mapped value."""
        self._memory = memory

    def leave_unmapped(self) -> None:
        """Reject further accesses, because user space is not allowed to map the section."""
        self._unmapped = True

    def freeze(self) -> None:
        """Reject further changes."""
        self._memory, self._frozen = bytearray(self._memory), True

    def leave(self) -> None:
        """Copy the final values before the map is unmapped."""
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
            raise UsageError(f"cannot set {name}", why=f"{self.name} is read-only after loading")
        kind = self._codec(name)
        data = _plain(place, value) if kind is None else kind.encode(value, name)
        self._memory[place.offset : place.offset + place.size] = data

    def __delitem__(self, name: str) -> None:
        raise UsageError(f"cannot delete {name}", why="variables of a program cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def _place(self, name: str) -> Variable:
        if self._unmapped:
            raise UsageError(
                f"cannot access {name} after loading",
                why=f"section {self.name} contains a lock, timer, list, tree or kernel pointer, "
                "so the kernel does not allow it to be mapped",
                fix="put the variable into another section",
            )
        place = self._variables.get(name)
        if place is None:
            raise unknown(f"{self.name} has no variable {name!r}", name, self)
        return place

    def codec(self, name: str) -> ValueCodec | None:
        """Return the codec for the variable's BTF type, or None if the variable has no type."""
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
    """Encode an untyped value, either bytes up to the variable's size or an integer that fits."""
    if isinstance(value, bytes | bytearray) and len(value) <= place.size:
        return bytes(value).ljust(place.size, b"\0")
    bits = 8 * place.size
    if isinstance(value, int) and -1 << (bits - 1) <= value < 1 << bits:
        return (value % (1 << bits)).to_bytes(place.size, "little")
    raise UsageError(
        f"invalid value {value!r} for {place.name}",
        fix=f"specify an integer or at most {place.size} bytes",
    )
