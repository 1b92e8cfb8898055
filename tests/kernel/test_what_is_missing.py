"""A field or function that this kernel lacks is an error only if the verifier reaches its use.

The programs are built by hand, so no compiler is needed.
"""

import pytest

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.instruction import CoreRelocation, Instruction, Reference, Source
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.collection.collection import Collection
from rawbpf.errors import UnsupportedError
from rawbpf.specs.object_spec import ExternSpec, ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.btf import bpf_core_relo_kind as k

pytestmark = pytest.mark.no_probe

MOV, JUMP_IF_0, EXIT = 0xB7, 0x15, Instruction(0x95)
HERE = Source("tool.bpf.c", 7, "return task->rawbpf_never_was;")


def collection(kernel, *rows):
    """Return an object with one program: instructions, each with its record's kind or None."""
    b = BtfBuilder()
    integer = b.add_int("int", 4, signed=True)
    task = b.add_struct("task_struct___mine", 4, [("rawbpf_never_was", integer, 0)])
    function = b.add_func("program", b.add_func_proto(integer, [("ctx", b.add_ptr(0))]), 1)
    instructions = (
        one._replace(
            source=HERE, relocation=None if kind is None else CoreRelocation(kind, task, "0:0")
        )
        for one, kind in rows
    )
    code = Bytecode("program", tuple(instructions), (Function("program", 0, function),))
    kind = bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER
    spec = ProgramSpec("program", kind, code, "GPL", section="socket")
    return Collection(ObjectSpec({"program": spec}, license="GPL", btf=Btf(b.encode())), kernel)


def test_a_missing_weak_function_called_without_a_check(kernel):
    b = BtfBuilder()
    extern = ExternSpec("rawbpf_never_was", "kfunc", b.add_func_proto(0), weak=True)
    code = Bytecode(
        "program",
        (
            Instruction(0x85, src=2, reference=Reference("kfunc", extern.name)),
            Instruction(MOV, 0),
            EXIT,
        ),
    )
    program = ProgramSpec("program", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, code, "GPL")
    externs = {"other": extern._replace(name="other"), extern.name: extern}
    spec = ObjectSpec({"program": program}, externs=externs, btf=Btf(b.encode()))
    with Collection(spec, kernel) as one, pytest.raises(UnsupportedError) as caught:
        one.load()
    assert str(caught.value) == (
        "program 'program' calls rawbpf_never_was: this kernel has no such function; "
        "check whether it exists first: if (rawbpf_never_was)"
    )


OFFSET = k.BPF_CORE_FIELD_BYTE_OFFSET


def test_a_program_that_checks_first_loads(kernel):
    rows = (
        (Instruction(MOV, 0, imm=1), k.BPF_CORE_FIELD_EXISTS),
        (Instruction(JUMP_IF_0, 0, off=1), None),
        (Instruction(MOV, 0, imm=0), OFFSET),
        (EXIT, None),
    )
    with collection(kernel, *rows) as one:
        one.load()
        assert one.programs["program"].test_run(bytes(14)).retval == 0


def test_a_program_that_does_not_check_is_told_what_is_missing(kernel):
    rows = ((Instruction(MOV, 0, imm=0), OFFSET), (EXIT, None))
    with collection(kernel, *rows) as one, pytest.raises(UnsupportedError) as caught:
        one.load()
    assert str(caught.value) == (
        "program 'program' needs struct task_struct___mine::rawbpf_never_was (tool.bpf.c:7): "
        "this kernel's struct task_struct has no member rawbpf_never_was"
    )
    assert "195896080" in caught.value.details
    assert caught.value.explanation.code == "RB-V019"
