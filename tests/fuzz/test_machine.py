"""Interpret programs that were never verified: the result is a value or a declared error."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction, Reference
from rawbpf.cli.local.options import settings as local_settings
from rawbpf.errors import BytecodeError, MachineError, RawbpfError
from rawbpf.machine.helpers.printing import format_text
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.inputs import raw, skb
from rawbpf.machine.machine import Machine
from rawbpf.machine.memory import Memory
from rawbpf.machine.snapshot import changes, snapshot
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_type
from tests.support.instructions import INSTRUCTIONS

EXIT = Instruction(0x95)
MAPS = [
    MapSpec(kind.name, kind, *sizes)
    for kind, sizes in {
        bpf_map_type.BPF_MAP_TYPE_HASH: (4, 8, 2),
        bpf_map_type.BPF_MAP_TYPE_ARRAY: (4, 8, 1),
        bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY: (4, 8, 2),
        bpf_map_type.BPF_MAP_TYPE_QUEUE: (0, 8, 2),
        bpf_map_type.BPF_MAP_TYPE_RINGBUF: (0, 0, 4096),
        bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY: (4, 4, 2),
        bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY: (4, 4, 2),
        bpf_map_type.BPF_MAP_TYPE_STACK_TRACE: (4, 16, 4),
    }.items()
]
NAMES = [spec.name for spec in MAPS]
BUDGET = 500


def ends(program: Bytecode, context) -> None:
    """Run to a result or a declared error, and then inspect the interpreter's state."""
    try:
        machine = Machine(program, MAPS)
        before = snapshot(machine)
        machine.start(context)
        machine.advance(BUDGET)
    except (MachineError, BytecodeError):
        return
    list(changes(before, machine))
    assert machine.finished or machine.steps == BUDGET
    if machine.finished:
        assert 0 <= machine.registers[0] < 1 << 64


@given(st.lists(INSTRUCTIONS, max_size=20), st.binary(max_size=64))
def test_valid_instructions_in_any_order(instructions, data):
    ends(Bytecode("fuzz", (*instructions, EXIT)), raw(data))


FIELD = st.integers(0, 15)


@given(
    st.lists(
        st.builds(
            Instruction,
            st.integers(0, 255),
            FIELD,
            FIELD,
            st.integers(-4, 4),
            st.integers(-8, 8) | st.integers(-(1 << 31), (1 << 31) - 1),
        ),
        max_size=8,
    )
)
def test_fields_of_any_value(instructions):
    ends(Bytecode("fuzz", tuple(instructions)), raw(bytes(16)))


def mov(register, value):
    return Instruction(0x18, register, imm=value % (1 << 64))


ARGUMENTS = st.sampled_from(["map", "stack", "context", "number", "unset"])


@st.composite
def helper_calls(draw):
    """Generate helper calls with valid and invalid arguments."""
    code = [Instruction(0xBF, 6, 1)]
    for _ in range(draw(st.integers(1, 5))):
        for register in range(1, 6):
            match draw(ARGUMENTS):
                case "map":
                    name = Reference("map", draw(st.sampled_from(NAMES)))
                    code.append(Instruction(0x18, register, 1, reference=name))
                case "stack":
                    code.append(Instruction(0xBF, register, 10))
                    code.append(Instruction(0x07, register, imm=-8 * draw(st.integers(0, 65))))
                case "context":
                    code.append(Instruction(0xBF, register, 6))
                case "number":
                    small = st.integers(0, 16) | st.integers(0, 1 << 64)
                    code.append(mov(register, draw(small)))
        code.append(Instruction(0x85, imm=draw(st.sampled_from([*TABLE, 12]))))
    return Bytecode("fuzz", (*code, mov(0, 0), EXIT))


@given(helper_calls())
def test_helpers_with_any_arguments(program):
    ends(program, skb(bytes(64)))


@given(st.binary(max_size=40), st.lists(st.integers(0, (1 << 64) - 1), max_size=4))
def test_formats(form, values):
    memory = Memory()
    memory.add_at(0x1000, bytearray(b"text"), "text")
    assert isinstance(format_text(memory, form + b"\0", values), str | int)


TEXT = st.text(max_size=20)


@given(TEXT, TEXT, TEXT, TEXT)
def test_options(tmp_path_factory, context, world, entry, budget):
    file = tmp_path_factory.getbasetemp() / "exit.hex"
    file.write_text("b700000000000000 9500000000000000")
    arguments = {
        "FILE": str(file),
        "--program": None,
        "--ctx": context,
        "--data": None,
        "--set": [entry],
        "--world": world,
        "--budget": budget,
        "--check-stack": False,
    }
    with suppress(RawbpfError):
        local_settings(arguments).start()
