"""The machine: registers, memory, maps, a call stack, and the loop that runs steps.

    start        registers unset, but r1 = context and r10 = end of the stack
    advance(n)   at most n instructions; stepping is advance(1), with the same steps
    run          start, and advance to the end

Two machines with the same program in the same world do exactly the same.

>>> from rawbpf.asm import Builder, r0, r1
>>> from rawbpf.machine.context import raw
>>> b = Builder("double")
>>> b.ldxdw(r0, r1[0])
>>> b.add(r0, r0)
>>> b.exit()
>>> Machine(b.build()).run(raw((21).to_bytes(8, "little")))
42
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.code import Code
from rawbpf.machine.context import Context, raw
from rawbpf.machine.frames import Finished, Frames
from rawbpf.machine.maps.base import Room
from rawbpf.machine.maps.table import MapTable
from rawbpf.machine.memory import Memory
from rawbpf.machine.region import CONTEXT, PACKET
from rawbpf.machine.unset import NEVER_WRITTEN
from rawbpf.machine.world import Clock, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from rawbpf.asm.program import Program
    from rawbpf.machine.code import Where
    from rawbpf.machine.maps.output import RingBuf
    from rawbpf.machine.region import Region
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["BUDGET", "Machine"]

BUDGET = 10_000_000
"""Instructions that a program may run before it is taken for an endless loop."""

_SKF_NET_OFF, _SKF_LL_OFF = -0x100000, -0x200000
_ETHERNET_HEADER = 14


class Machine:
    """Runs ``program`` with maps made from ``maps``; they keep their contents from run to run.

    ``contents``: map -> its only value at the start, for global variables.
    ``check_stack``: stop a program that reads from its stack what it has not written. Kernels
    before 6.3 refuse such programs; later ones, and stable ones with the backport, let the
    privileged read whatever is there (6715df8d5d24, "bpf: Allow reads from uninit stack").
    """

    def __init__(
        self,
        program: Program,
        maps: Iterable[MapSpec] = (),
        world: World | None = None,
        *,
        contents: Mapping[str, bytes] | None = None,
        check_stack: bool = False,
    ) -> None:
        self.world = world or World()
        self.clock = Clock(self.world)
        self.memory, self.room = Memory(), Room()
        self.maps = MapTable(maps, contents or {}, self.memory, self.room, self.world.cpus)
        self.registers = list(NEVER_WRITTEN)
        self.frames = Frames(self.memory, self.registers, watched=check_stack)
        self.code = Code(self)
        self.printed: list[str] = []
        self.reserved: dict[int, tuple[RingBuf, int, Region]] = {}
        self._lent: list[Region] = []
        self._entry = self.code.link(program)
        self.start()

    def start(self, context: Context | None = None) -> None:
        """Get ready for a run."""
        self._take_back()
        context = context or raw()
        self.context = self._lend(CONTEXT.base, context.data, "context", context.writable)
        packet = context.packet
        self._packet = None if packet is None else self._lend(PACKET.base, packet, "packet", True)
        for address, data, name in context.given:
            self._lend(address, data, name)
        self.steps = self.tail_calls = 0
        self.finished = False
        self.registers[:] = NEVER_WRITTEN
        self.registers[1] = self.context.base
        self.index = self.frames.enter(self._entry, self._entry)

    def _lend(self, address: int, data: bytes, name: str, writable: bool = False) -> Region:
        """Memory for one run."""
        region = self.memory.add_at(address, bytearray(data), name, writable=writable)
        self._lent.append(region)
        return region

    def _take_back(self) -> None:
        """What one run had, the next must not find."""
        self.memory.remove([*self._lent, *(region for _, _, region in self.reserved.values())])
        self._lent.clear()
        self.reserved.clear()
        self.maps.forget_addresses()
        self.frames.reset()

    def run(self, context: Context | None = None, *, budget: int = BUDGET) -> int:
        """Run from the start to the end. r0; MachineError when the program was stopped."""
        self.start(context)
        self.advance(budget)
        if not self.finished:
            raise self._located(
                MachineError(
                    f"still running after {budget} instructions",
                    why="that looks like an endless loop",
                )
            )
        return self.registers[0]

    def advance(self, count: int, stops: AbstractSet[int] = frozenset()) -> None:
        """Do up to ``count`` instructions; stop early at the end, or before an index of stops."""
        if self.finished:
            return
        steps, registers, index, done = self.code.steps, self.registers, self.index, 0
        try:
            for done in range(1, count + 1):  # noqa: B007 -- it counts
                index = steps[index](registers)
                if index in stops:
                    break
        except Finished:
            refusal = self._unreleased()
            if refusal is not None:
                done -= 1  # an exit that the verifier refuses is not made
                self.index = index
                raise self._located(refusal) from None
            self.finished = True
        except MachineError as error:
            done -= 1  # it was not
            self.index = index
            raise self._located(error) from None
        except KeyboardInterrupt:
            done -= 1  # half of it, perhaps
            raise
        finally:
            self.index = index
            self.steps += done

    def _unreleased(self) -> MachineError | None:
        """What keeps the program from ending: a record that it has not given back."""
        for ring, _, _ in self.reserved.values():
            what = (
                f"a record of {ring.spec.name!r} was reserved, but neither submitted nor discarded"
            )
            return MachineError(what, why="the verifier refuses that")
        return None

    def _located(self, error: MachineError) -> MachineError:
        error.where = str(self.where)
        return error

    @property
    def where(self) -> Where:
        """The instruction that comes next."""
        return self.code.where(self.index)

    def require_context(self, address: int, what: str) -> None:
        """MachineError unless this is the pointer that the program was called with."""
        if address != self.context.base:
            raise MachineError(f"{what} must be the context", why=f"it is {address:#x}")

    @property
    def packet(self) -> bytes | None:
        """The packet as it is now, if the context has one."""
        return bytes(self._packet.data) if self._packet else None

    def packet_bytes(self, offset: int, size: int) -> bytes | None:
        """Of the packet, for the instructions inherited from classic BPF; None beyond its end.

        From -0x100000 on offsets count from the network header, from -0x200000 on from the start.
        """
        data = self._packet.data if self._packet else b""
        if offset < 0:
            offset -= _SKF_NET_OFF - _ETHERNET_HEADER if offset >= _SKF_NET_OFF else _SKF_LL_OFF
        found = bytes(data[offset : offset + size]) if offset >= 0 else b""
        return found if len(found) == size else None
