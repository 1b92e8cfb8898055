"""Contexts of programs."""

from struct import unpack_from

import pytest

from rawbpf.errors import MachineError
from rawbpf.machine.inputs import kprobe, kretprobe, raw, skb, xdp
from rawbpf.machine.machine import Machine
from tests.support.assembled import machine_of, spec_of


def test_kprobe_arguments_are_in_the_registers_of_the_abi():
    di, si, dx, cx, r8, r9 = (14, 13, 12, 11, 9, 8)
    registers = unpack_from("<21Q", kprobe(1, 2, 3, 4, 5, -6).data)
    assert [registers[n] for n in (di, si, dx, cx, r8, r9)] == [1, 2, 3, 4, 5, (1 << 64) - 6]
    assert unpack_from("<8Q", kprobe(*range(8), machine="aarch64").data) == tuple(range(8))
    with pytest.raises(
        MachineError, match="too many arguments: 7: x86_64 passes 6 arguments in registers"
    ):
        kprobe(*range(7))


def test_texts_are_stored_in_memory():
    context = kprobe(b"one", 2, b"three")
    one, _, three = (unpack_from("<Q", context.data, at)[0] for at in (112, 104, 96))
    machine = machine_of("r0 = 0\n exit")
    machine.start(context)
    assert machine.memory.view(one, 4) == b"one\0"
    assert machine.memory.view(three, 6) == b"three\0"


def test_kretprobe():
    assert unpack_from("<Q", kretprobe(-2).data, 80)[0] == (1 << 64) - 2


def test_xdp_fields_point_to_the_packet():
    machine = machine_of("""
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r0 = *(u8 *)(r2 + 3)
        *(u8 *)(r2 + 0) = 9
        r3 -= r2
        r0 += r3
        exit""")
    assert machine.run(xdp(bytes([1, 2, 3, 4]))) == 4 + 4
    assert machine.packet == bytes([9, 2, 3, 4])
    with pytest.raises(MachineError, match="1 byte beyond the end of packet"):
        machine.run(xdp(bytes(3)))


def test_skb():
    packet = bytes(12) + b"\x08\x00" + bytes(20)
    machine = machine_of(
        "r0 = *(u32 *)(r1 + 0)\n r2 = *(u32 *)(r1 + 16)\n *(u32 *)(r1 + 8) = 5\n exit"
    )
    assert machine.run(skb(packet)) == 34
    assert machine.registers[2] == 0x0008
    assert len(skb(b"").data) == 192


def test_kprobe_registers_are_read_only():
    with pytest.raises(MachineError, match="context is read-only"):
        machine_of("*(u64 *)(r1 + 0) = 1\n exit").run(kprobe())


def test_packet_size_is_limited():
    with pytest.raises(MachineError, match="the limit is 1 MiB"):
        xdp(bytes((1 << 20) + 1))


PACKET_ACCESS = "r6 = r1\n r0 = *(u16 *)skb[{}]\n r0 += 1\n exit"


def test_packet_access_without_a_packet_ends_the_program():
    assert machine_of(PACKET_ACCESS.format(0)).run() == 0


@pytest.mark.parametrize(("at", "result"), [(62, 1), (63, 0), (-1, 0), (-0x100000, 1)])
def test_packet_access(at, result):
    assert machine_of(PACKET_ACCESS.format(at)).run(skb(bytes(64))) == result


def test_packet_access_requires_the_context_in_r6():
    text = PACKET_ACCESS.format(0)
    with pytest.raises(MachineError, match="r6 must be the context: the address is 0x5"):
        machine_of(text.replace("r6 = r1", "r6 = 5")).run()
    with pytest.raises(MachineError, match="r6 is read before"):
        machine_of(text.replace("r6 = r1", "r7 = r1")).run()


def test_packet_access_past_the_end_returns_from_the_function_only():
    spec = spec_of("""
        .program test, "tc"
            r6 = r1
            call read
            r0 += 5
            exit
        .function read
            r6 = r1
            r0 = *(u8 *)skb[200]
            r0 = 77
            exit
    """)
    assert Machine(spec.programs["test"].code).run(skb(bytes(64))) == 5


def test_runs_do_not_share_packets():
    machine = machine_of(PACKET_ACCESS.format(0))
    assert machine.run(skb(b"\0\7" + bytes(60))) == 8
    assert machine.run(raw()) == 0
