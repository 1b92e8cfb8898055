"""Compare our disassembly with that of the kernel in the verifier's log.

One program contains every instruction form that a socket filter may use and that this kernel has.
"""

import pytest

from rawbpf.asm.forms import FORMS
from rawbpf.asm.instruction import LD_IMM64, Instruction, encode_all
from rawbpf.asm.parse import parse_instruction
from rawbpf.kernel.version import kernel_version
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_insn import BPF_JMP, BPF_LDX, BPF_ST, BPF_STX, instruction_class
from tests.support.verifier import instructions_in, load_with_log

pytestmark = pytest.mark.no_probe

LEFT_OUT = {"exit", "lddw", "call", "call local", "call kfunc", "call kfunc {imm:id} in",
            "addr_space_cast", "may_goto"}  # fmt: skip
"""Forms that need more than registers and a stack, or have a test of their own."""


def acceptable(form):
    """Return an instruction of this form that the verifier accepts if r1 and r2 are numbers."""
    memory = instruction_class(form.opcode) in (BPF_LDX, BPF_ST, BPF_STX)
    base_is_src = instruction_class(form.opcode) == BPF_LDX or form.name.startswith("ldacq")
    dst, src = (1, 10) if base_is_src else (10, 1) if memory else (1, 2)
    distance = 1 if form.c.startswith("if") else 0
    return Instruction(
        form.opcode,
        dst if form.shows("dst") else 0,
        src if form.shows("src") else form.src,
        (-8 if memory else distance) if form.shows("off") else form.off,
        5 if form.shows("imm") and "target" not in form.c else form.imm,
    )


SET_UP = ["call get_prandom_u32", "r1 = r0", "r2 = 5", "r0 = 1", "*(u64 *)(r10 - 8) = r1"]
"""Instructions to insert before each one.

Packet loads overwrite r1 to r5, and atomics change memory and r0. r1 is unknown, because Linux 7.2
rewrites jumps whose outcome it knows.
"""


def known(form):
    wanted = tuple(map(int, form.kernel.split(".")))
    return form.name not in LEFT_OUT and wanted <= kernel_version()[:2]


def test_each_form_is_written_as_by_the_verifier():
    forms = [form for form in FORMS if known(form)]
    set_up = [parse_instruction(text) for text in SET_UP]
    code, slots = [parse_instruction("r6 = r1")], []
    for form in forms:
        code += set_up
        slots.append(len(code))
        code += [acceptable(form), parse_instruction("r0 = 0")]
    code.append(parse_instruction("exit"))
    log = load_with_log(bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, encode_all(code))
    written = instructions_in(log)
    for slot in slots:
        opcode, text = written[slot]
        assert opcode == code[slot].opcode
        assert parse_instruction(text) == code[slot], text
    assert len(forms) > 120


def test_calls_and_the_64_bit_load():
    texts = ["call bpf_get_prandom_u32#7", "r1 = 0x123456789abcdef0 ll", "call pc+1", "exit",
             "r0 = 2", "exit"]  # fmt: skip
    code = [parse_instruction(text) for text in texts]
    log = load_with_log(bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, encode_all(code))
    written = instructions_in(log)
    assert written[0][1] == texts[0]
    # The kernel omits the "ll" that distinguishes this load from a 32-bit move.
    assert written[1] == (LD_IMM64, texts[1].removesuffix(" ll"))
    assert written[3] == (BPF_JMP | 0x80, texts[2])
