"""The state of a running program: registers, memory, maps, call stack and environment.

Decoded instructions (``decode*``) and helpers (``helpers/``) read and modify a `State` and do not
depend on the loop that runs them. `Machine` extends `State` with that loop.
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
    """All state that a program can read, write or query while it runs.

    ``code`` contains the decoded instructions, ``printed`` contains the lines from
    bpf_trace_printk, and ``reserved`` contains the ring buffer records that were neither submitted
    nor discarded, by address. Maps keep their contents between runs. See `Machine` for the
    remaining parameters.
    """

    context: Region
    """The memory region that r1 points to when the program starts."""

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
        """Discard all state except maps and output, and prepare a new run with ``context``."""
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
        """Add a memory region that exists for one run."""
        region = self.memory.add_at(address, bytearray(data), name, writable=writable)
        self._lent.append(region)
        return region

    def _reclaim(self) -> None:
        """Remove the previous run's memory, so that accesses through stale pointers fail."""
        self.memory.remove([*self._lent, *(region for _, _, region in self.reserved.values())])
        self._lent.clear()
        self.reserved.clear()
        self.maps.forget_addresses()
        self.frames.reset()

    def require_context(self, address: int, what: str) -> None:
        """Raise MachineError unless ``address`` is the program's context pointer."""
        if address != self.context.base:
            raise MachineError(f"{what} must be the context", why=f"the address is {address:#x}")

    @property
    def packet(self) -> bytes | None:
        """The packet's current bytes, or None if the context has no packet."""
        return bytes(self._packet.data) if self._packet else None

    def packet_bytes(self, offset: int, size: int) -> bytes | None:
        """Return packet bytes for a packet load of classic BPF.

        The result is None if any of the bytes are outside the packet.

        Offsets from -0x100000 are relative to the network header, and offsets from -0x200000 are
        relative to the start of the packet.
        """
        data = self._packet.data if self._packet else b""
        if offset < 0:
            offset -= _SKF_NET_OFF - _ETHERNET_HEADER if offset >= _SKF_NET_OFF else _SKF_LL_OFF
        found = bytes(data[offset : offset + size]) if offset >= 0 else b""
        return found if len(found) == size else None
