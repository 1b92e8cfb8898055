"""What a program is called with: r1, and the memory that it leads to.

A context is plain data. Where packets and strings will be is known beforehand, so their addresses
can be written into it.

    kprobe          struct pt_regs, read-only, arguments where the architecture puts them
    xdp             struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index ...
    skb             struct __sk_buff, as socket filters and tc programs see it
"""

from __future__ import annotations

from struct import pack, pack_into
from typing import NamedTuple

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.region import GAP, GIVEN, PACKET
from rawbpf.uapi.pt_regs import PT_REGS

__all__ = ["Context", "Given", "kprobe", "kretprobe", "raw", "skb", "xdp"]

_LARGEST_PACKET = 1 << 20
_ETHERNET_HEADER = 14
_SKB_SIZE = 192
_SKB_LEN, _SKB_PROTOCOL, _SKB_DATA, _SKB_DATA_END = 0, 16, 76, 80


class Given(NamedTuple):
    """Memory of somebody else, to be read by the probe_read family."""

    address: int
    data: bytes
    name: str = "memory"


class Context(NamedTuple):
    """The bytes that r1 points to, the packet, and other memory that can be read."""

    data: bytes
    writable: bool = False
    packet: bytes | None = None
    given: tuple[Given, ...] = ()


def raw(data: bytes = b"", *, writable: bool = True) -> Context:
    """Any bytes."""
    return Context(data, writable)


def kprobe(*arguments: int | bytes, machine: str = "x86_64", result: int = 0) -> Context:
    r"""The registers at the start of a function; bytes are put into memory, and their address in.

    >>> context = kprobe(-100, b"/etc/passwd")
    >>> context.data[112:120].hex(), context.given[0].data
    ('9cffffffffffffff', b'/etc/passwd\x00')
    """
    layout = PT_REGS[machine]
    if len(arguments) > len(layout.arguments):
        why = f"{len(layout.arguments)} arguments are in registers on {machine}"
        raise MachineError(f"{len(arguments)} arguments", why=why)
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
    """The registers when a function returns ``result``."""
    return kprobe(machine=machine, result=result)


def xdp(packet: bytes) -> Context:
    """A packet as XDP sees it, from its Ethernet header on.

    >>> xdp(bytes(64)).data[:8].hex()
    '0000002040000020'
    """
    start, end = _ends(packet)
    return Context(pack("<6I", start, end, start, 1, 0, 0), packet=packet)


def skb(packet: bytes) -> Context:
    """A packet as tc programs see it, from its Ethernet header on. Most other fields are 0."""
    start, end = _ends(packet)
    data = bytearray(_SKB_SIZE)
    pack_into("<I", data, _SKB_LEN, len(packet))
    data[_SKB_PROTOCOL : _SKB_PROTOCOL + 2] = packet[12:14].ljust(2, b"\0")
    pack_into("<II", data, _SKB_DATA, start, end)
    return Context(bytes(data), writable=True, packet=packet)


def _ends(packet: bytes) -> tuple[int, int]:
    if len(packet) > _LARGEST_PACKET:
        raise MachineError(f"a packet of {len(packet)} bytes", why="the machine takes 1 MiB")
    return PACKET.base, PACKET.base + len(packet)
