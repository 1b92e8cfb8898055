"""All parameters of a run in one object, from which ``start`` creates a machine.

>>> from rawbpf.asm import Builder, r0
>>> from rawbpf.specs.object_spec import ObjectSpec
>>> from rawbpf.specs.program_spec import ProgramSpec
>>> from rawbpf.uapi.bpf import bpf_prog_type
>>> b = Builder("one")
>>> b.mov(r0, 1)
>>> b.exit()
>>> program = ProgramSpec("one", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())
>>> Settings(ObjectSpec({"one": program}), "one").start().run()
1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import MachineError, errno_name
from rawbpf.machine.inputs import Context, World, raw
from rawbpf.machine.machine import BUDGET, Machine
from rawbpf.machine.maps.array import ProgArray

if TYPE_CHECKING:
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["Entry", "Settings"]


class Entry(NamedTuple):
    """The initial value of a map element: numbers, bytes, or a program's name in a prog_array."""

    map: str
    key: int | bytes
    value: int | bytes | str


class Settings(NamedTuple):
    """The parameters of a run; ``program`` is the name of a program in ``spec``.

    See `Machine` for the other parameters.
    """

    spec: ObjectSpec
    program: str
    context: Context = raw()
    world: World = World()
    entries: tuple[Entry, ...] = ()
    budget: int = BUDGET
    check_stack: bool = False

    def start(self) -> Machine:
        """Return a machine that is ready to run; raise MachineError if the parameters conflict."""
        machine = Machine(
            self.spec.programs[self.program].code,
            self.spec.all_maps().values(),
            self.world,
            contents={name: data.contents for name, data in self.spec.data.items()},
            check_stack=self.check_stack,
        )
        for entry in self.entries:
            self._put(machine, entry)
        machine.start(self.context)
        return machine

    def _put(self, machine: Machine, entry: Entry) -> None:
        map_ = machine.maps[entry.map]
        if isinstance(map_, ProgArray):
            if entry.value not in self.spec.programs or not isinstance(entry.key, int):
                raise MachineError(
                    f"cannot put {entry.value!r} into {entry.map!r}",
                    why=("the value does not name a program"),
                )
            map_.put(entry.key, self.spec.programs[str(entry.value)].code)
            return
        key = _sized(entry.key, map_.spec.key_size, "key")
        value = _sized(entry.value, map_.spec.value_size, "value")
        status = map_.update(key, value, cpu=self.world.cpu) if key else map_.push(value)
        if status:
            raise MachineError(f"cannot set {entry.map}[{entry.key!r}]", why=errno_name(-status))


def _sized(what: int | bytes | str, size: int, role: str) -> bytes:
    """Encode a number as ``size`` bytes; bytes must already have that size."""
    try:
        data = what.to_bytes(size, "little", signed=what < 0) if isinstance(what, int) else what
    except OverflowError:
        raise MachineError(f"{what!r} does not fit into a {role} of {size} bytes") from None
    if not isinstance(data, bytes) or len(data) != size:
        raise MachineError(f"invalid {role} {what!r}", why=f"a {role} must be {size} bytes long")
    return data
