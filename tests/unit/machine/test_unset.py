"""Reads of unwritten registers and stack, which the verifier rejects."""

import pytest

from rawbpf.errors import MachineError
from tests.support.assembled import machine_of, run

READS = [
    "r0 = r3", "w0 = w3", "r0 += 1", "r1 += r3", "w1 += w3", "r3 = -r3", "r3 = be16 r3",
    "r0 = (s8)r3", "if r3 == 0 goto +0", "if r3 != r1 goto +0", "if w3 s< 5 goto +0",
    "if r1 & r3 goto +0", "r0 = *(u8 *)(r3 + 0)", "*(u8 *)(r3 + 0) = 1",
    "*(u64 *)(r10 - 8) = r3", "lock *(u64 *)(r10 - 8) += r3", "exit",
    "r1 <<= r3", "r1 s>>= r3", "r1 /= r3", "r1 %= r3", "r3 *= 2", "r3 |= 2",
]  # fmt: skip


@pytest.mark.parametrize("text", READS)
def test_read_before_written(text):
    with pytest.raises(MachineError, match=r"test, .* r[03] is read before it is written: the v"):
        run(text)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_read_after_a_call(number):
    text = f"r{number} = 1\n call ktime_get_ns\n r0 = r{number}"
    with pytest.raises(MachineError, match=f"r{number} is read after a call: .* keep the value"):
        run(text)


def test_a_helper_needs_its_arguments():
    with pytest.raises(MachineError, match="bpf_map_lookup_elem r2 is read before"):
        run(
            "r1 = hits ll\n call map_lookup_elem", maps=".map hits, hash, key=4, value=4, entries=1"
        )


def test_an_unset_register_is_fine_if_unused():
    machine = machine_of("r0 = 0\n exit")
    assert machine.run() == 0
    assert "unset" in repr(machine.registers[5])


def test_unwritten_stack_is_garbage_or_an_error():
    read = "*(u32 *)(r10 - 8) = 0\n r0 = *(u64 *)(r10 - 8)"
    assert run(read) == 0xA5A5A5A5_00000000
    with pytest.raises(MachineError, match=r"reads 8 bytes at .*: stack-4 was never written"):
        run(read, check_stack=True)
    assert run("*(u64 *)(r10 - 8) = 3\n r0 = *(u32 *)(r10 - 8)", check_stack=True) == 3


def test_a_new_call_or_run_starts_with_an_unwritten_stack():
    machine = machine_of("*(u8 *)(r10 - 8) = 1\n r0 = *(u8 *)(r10 - 8)\n exit", check_stack=True)
    assert machine.run() == 1
    machine = machine_of(
        """
            r1 = 1
            call f
            r1 = 0
            call f
            exit
        .function f
            if r1 == 0 goto read
            *(u8 *)(r10 - 8) = 1
        read: r0 = *(u8 *)(r10 - 8)
            exit
        """,
        check_stack=True,
    )
    with pytest.raises(MachineError, match="was never written"):
        machine.run()


def test_helpers_count_as_writes_to_the_stack():
    text = "r1 = r10\n r1 += -16\n r2 = 16\n call get_current_comm\n r0 = *(u8 *)(r10 - 1)"
    assert run(text, check_stack=True) == 0
