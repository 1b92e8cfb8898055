"""A program's inputs: the context that r1 points to, and the environment that helpers query.

A context consists of plain bytes. The addresses of packets and strings are known in advance, so a
context can contain pointers to them:

    kprobe         │ struct pt_regs, read-only, with arguments where the architecture puts them
    xdp            │ struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index ...
    skb            │ struct __sk_buff, as socket filters and tc programs see it

The `World` supplies the time, the CPU, the current process and its stack to the helpers. The
interpreter cannot observe these values, so the caller passes them as parameters. Two machines with
equal worlds behave identically, because the clock advances only when it is read and random numbers
come from a seed.
"""

from __future__ import annotations

from random import Random
from struct import pack, pack_into
from typing import NamedTuple

from rawbpf.arch import ARCHITECTURES
from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.region import GAP, GIVEN, PACKET

__all__ = ["Clock", "Context", "Given", "World", "kprobe", "kretprobe", "raw", "skb", "xdp"]

_LARGEST_PACKET = 1 << 20
_SKB_SIZE = 192
_SKB_LEN, _SKB_PROTOCOL, _SKB_DATA, _SKB_DATA_END = 0, 16, 76, 80


class World(NamedTuple):
    """Answers to helpers.

    Times are in nanoseconds, and stacks are lists of addresses, innermost first.

    >>> World(comm="cat")._replace(pid=7).tgid
    4242
    """

    pid: int = 4242
    tgid: int = 4242
    uid: int = 1000
    gid: int = 1000
    comm: str = "rawbpf"
    cpu: int = 0
    cpus: int = 2
    time: int = 1_000_000_000
    tick: int = 1_000
    seed: int = 1
    task: int = 0xFFFF_8880_0000_0000
    kernel_stack: tuple[int, ...] = ()
    user_stack: tuple[int, ...] = ()


class Clock:
    """The time since boot, which advances by one tick whenever it is read."""

    def __init__(self, world: World) -> None:
        self._now, self._tick = world.time, world.tick
        self._random = Random(world.seed)

    def read(self) -> int:
        """Return the time in nanoseconds and advance the clock."""
        now = self._now
        self._now = (now + self._tick) & MASK[64]
        return now

    def random(self) -> int:
        """Return a random 32-bit number."""
        return self._random.getrandbits(32)


class Given(NamedTuple):
    """Memory outside the program, which can be read only through the probe_read helpers."""

    address: int
    data: bytes
    name: str = "memory"


class Context(NamedTuple):
    """The bytes that r1 points to, the packet if the context has one, and other readable memory."""

    data: bytes
    writable: bool = False
    packet: bytes | None = None
    given: tuple[Given, ...] = ()


def raw(data: bytes = b"", *, writable: bool = True) -> Context:
    """Return a context that consists of the given bytes."""
    return Context(data, writable)


def kprobe(*arguments: int | bytes, machine: str = "x86_64", result: int = 0) -> Context:
    r"""Return the registers at the entry of a function that is called with ``arguments``.

    An argument of type bytes is stored in memory with a terminating NUL, and the function receives
    its address. Raises MachineError if there are more arguments than the architecture passes in
    registers.

    >>> context = kprobe(-100, b"/etc/passwd")
    >>> context.data[112:120].hex(), context.given[0].data
    ('9cffffffffffffff', b'/etc/passwd\x00')
    """
    layout = ARCHITECTURES[machine].pt_regs
    if len(arguments) > len(layout.arguments):
        why = f"{machine} passes {len(layout.arguments)} arguments in registers"
        raise MachineError(f"too many arguments: {len(arguments)}", why=why)
    data, given = bytearray(layout.size), []
    pack_into("<Q", data, layout.offset(layout.result), result & MASK[64])
    address = GIVEN.base
    for number, argument in enumerate(arguments):
        if isinstance(argument, bytes):
            given.append(Given(address, argument + b"\0", f"argument{number}"))
            value, address = address, address + -(-(len(argument) + 1 + GAP) // GAP) * GAP
        else:
            value = argument & MASK[64]
        pack_into("<Q", data, layout.offset(layout.arguments[number]), value)
    return Context(bytes(data), given=tuple(given))


def kretprobe(result: int = 0, machine: str = "x86_64") -> Context:
    """Return the registers as they are when a function returns ``result``."""
    return kprobe(machine=machine, result=result)


def xdp(packet: bytes) -> Context:
    """Return struct xdp_md for a packet, which must include its Ethernet header.

    >>> xdp(bytes(64)).data[:8].hex()
    '0000002040000020'
    """
    start, end = _packet_bounds(packet)
    return Context(pack("<6I", start, end, start, 1, 0, 0), packet=packet)


def skb(packet: bytes) -> Context:
    """Return struct __sk_buff for a packet, which must include its Ethernet header.

    Only len, protocol, data and data_end are filled in; all other fields are 0.
    """
    start, end = _packet_bounds(packet)
    data = bytearray(_SKB_SIZE)
    pack_into("<I", data, _SKB_LEN, len(packet))
    data[_SKB_PROTOCOL : _SKB_PROTOCOL + 2] = packet[12:14].ljust(2, b"\0")
    pack_into("<II", data, _SKB_DATA, start, end)
    return Context(bytes(data), writable=True, packet=packet)


def _packet_bounds(packet: bytes) -> tuple[int, int]:
    if len(packet) > _LARGEST_PACKET:
        raise MachineError(
            f"the packet of {len(packet)} bytes is too large", why="the limit is 1 MiB"
        )
    return PACKET.base, PACKET.base + len(packet)
