"""The accesses to a program's context, followed through copies of its address."""

import pytest

from rawbpf.asm.context_accesses import context_accesses
from rawbpf.source.assembler import assemble

SPILL = "*(u64 *)(r10 - 8) = r1\n"

CALLS = """
.function reader
r0 = *(u16 *)(r2 + 6)
exit
.program p, "tracepoint"
r2 = r1
call reader
exit
"""


def found(text):
    code = assemble(text if ".program" in text else f'.program p, "tracepoint"\n{text}\nexit\n')
    return [(one.slot, one.offset, one.size) for one in context_accesses(code.programs["p"].code)]


@pytest.mark.parametrize(
    ("text", "accesses"),
    [
        ("r0 = *(u32 *)(r1 + 24)", [(0, 24, 4)]),
        ("r1 += 8\nr0 = *(u64 *)(r1 + 16)", [(1, 24, 8)]),
        ("*(u64 *)(r1 + 8) = r0", [(0, 8, 8)]),
        ("r1 = 4096 ll\nr0 = *(u8 *)(r1 + 0)", []),
        ("r6 = r1\ncall ktime_get_ns\nr0 = *(u8 *)(r6 + 3)", [(2, 3, 1)]),
        ("call ktime_get_ns\nr0 = *(u8 *)(r1 + 3)", []),
        (f"{SPILL}r3 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r3 + 1)", [(2, 1, 1)]),
        (f"{SPILL}*(u64 *)(r10 - 8) = 0\nr3 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r3)", []),
        ("if r1 == 0 goto out\nr1 += 8\nout:\nr0 = *(u8 *)(r1 + 0)", [(2, 0, 1), (2, 8, 1)]),
        ("again:\nr1 += 8\ngoto again", []),
        (CALLS, [(3, 6, 2)]),
    ],
)
def test_accesses_are_found_on_every_path(text, accesses):
    assert found(text) == accesses
