"""The state of a running program: registers, memory, maps, call stack, and the world around it.

Decoded instructions (``decode*``) and helpers (``helpers/``) read and change a `State` and know
nothing of the loop that runs them. `Machine` is a `State` with that loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.frames import Frames
from rawbpf.machine.inputs import Clock
from rawbpf.machine.maps.base import Quota
from rawbpf.machine.maps.table import MapTable
from rawbpf.machine.memory import Memory
from rawbpf.machine.region import CONTEXT, PACKET
from rawbpf.machine.unset import NEVER_WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rawbpf.machine.code import Code
    from rawbpf.machine.inputs import Context, World
    from rawbpf.machine.maps.output import RingBuf
    from rawbpf.machine.region import Region
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["State"]

_SKF_NET_OFF, _SKF_LL_OFF = -0x100000, -0x200000
_ETHERNET_HEADER = 14


class State:
    """Everything that a program can read, write or ask for while it runs.

    ``code`` holds the decoded instructions, ``printed`` the lines of bpf_trace_printk, ``reserved``
    the ring buffer records that were neither submitted nor discarded, by address. Maps keep their
    contents from run to run. See `Machine` for the parameters.
    """

    context: Region
    """The memory that r1 points to when the program starts."""

    def __init__(
        self,
        code: Code,
        maps: Iterable[MapSpec],
        world: World,
        *,
        contents: Mapping[str, bytes],
        check_stack: bool,
    ) -> None:
        self.code, self.world = code, world
        self.clock = Clock(world)
        self.memory, self.quota = Memory(), Quota()
        self.maps = MapTable(maps, contents, self.memory, self.quota, world.cpus)
        self.registers = list(NEVER_WRITTEN)
        self.frames = Frames(self.memory, self.registers, watched=check_stack)
        self.printed: list[str] = []
        self.reserved: dict[int, tuple[RingBuf, int, Region]] = {}
        self.tail_calls = 0
        self._lent: list[Region] = []
        self._packet: Region | None = None

    def reset(self, context: Context) -> None:
        """Discard everything but maps and output, and set up ``context`` for a new run."""
        self._reclaim()
        self.context = self._lend(CONTEXT.base, context.data, "context", context.writable)
        packet = context.packet
        self._packet = None if packet is None else self._lend(PACKET.base, packet, "packet", True)
        for address, data, name in context.given:
            self._lend(address, data, name)
        self.tail_calls = 0
        self.registers[:] = NEVER_WRITTEN
        self.registers[1] = self.context.base

    def _lend(self, address: int, data: bytes, name: str, writable: bool = False) -> Region:
        """Add memory for one run."""
        region = self.memory.add_at(address, bytearray(data), name, writable=writable)
        self._lent.append(region)
        return region

    def _reclaim(self) -> None:
        """Remove the memory of the last run, so that stale pointers fail."""
        self.memory.remove([*self._lent, *(region for _, _, region in self.reserved.values())])
        self._lent.clear()
        self.reserved.clear()
        self.maps.forget_addresses()
        self.frames.reset()

    def require_context(self, address: int, what: str) -> None:
        """Raise MachineError unless ``address`` is the pointer that the program was called with."""
        if address != self.context.base:
            raise MachineError(f"{what} must be the context", why=f"it is {address:#x}")

    @property
    def packet(self) -> bytes | None:
        """The current bytes of the packet, or None if the context has no packet."""
        return bytes(self._packet.data) if self._packet else None

    def packet_bytes(self, offset: int, size: int) -> bytes | None:
        """Return packet bytes for the classic BPF loads, or None if they are not all in the packet.

        Offsets from -0x100000 count from the network header, those from -0x200000 from the start.
        """
        data = self._packet.data if self._packet else b""
        if offset < 0:
            offset -= _SKF_NET_OFF - _ETHERNET_HEADER if offset >= _SKF_NET_OFF else _SKF_LL_OFF
        found = bytes(data[offset : offset + size]) if offset >= 0 else b""
        return found if len(found) == size else None
