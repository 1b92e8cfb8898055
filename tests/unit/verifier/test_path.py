"""The path that led to a message, in logs of old and new kernels."""

import pytest

from rawbpf.verifier.log import Log

LEVEL_1_7_2 = """\
0: R1=ctx() R10=fp0
0: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=scalar(smin=0,smax=umax=0xffffffff)
1: (55) if r6 != 0x3 goto pc+2 4: R10=fp0
4: (b7) r0 = 0                        ; R0=0
5: (95) exit
message
"""

LEVEL_2_7_2 = """\
0: R1=ctx() R10=fp0
0: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=scalar(smin=0,smax=umax=0xffffffff)
1: (55) if r6 != 0x3 goto pc+2        ; R6=3
2: (b7) r0 = 1                        ; R0=1
3: (95) exit

from 1 to 4: R6=scalar() R10=fp0
4: R6=scalar() R10=fp0
4: (b7) r0 = 0                        ; R0=0
5: (95) exit
message
"""

LEVEL_2_5_10 = """\
0: R1=ctx(id=0,off=0,imm=0) R10=fp0
0: (61) r6 = *(u32 *)(r1 +0)
1: R1=ctx(id=0,off=0,imm=0) R6_w=inv(id=0) R10=fp0
1: (55) if r6 != 0x3 goto pc+2
 R1=ctx(id=0,off=0,imm=0) R6_w=inv3 R10=fp0
2: R1=ctx(id=0,off=0,imm=0) R6_w=inv3 R10=fp0
2: (b7) r0 = 1
3: R0_w=inv1 R1=ctx(id=0,off=0,imm=0) R6_w=inv3 R10=fp0
3: (95) exit
4: R1=ctx(id=0,off=0,imm=0) R6=inv(id=0) R10=fp0
4: (b7) r0 = 0
5: R0_w=inv0 R1=ctx(id=0,off=0,imm=0) R6=inv(id=0) R10=fp0
5: (95) exit
message
"""

LOOP = """\
0: (05) goto pc+0
1: (07) r6 += 1
2: (55) if r6 != 0x2 goto pc-2
3: (95) exit
from 2 to 1: R6=1
1: (07) r6 += 1
2: (55) if r6 != 0x2 goto pc-2
3: (95) exit
from 2 to 1: R6=2
1: (07) r6 += 1
message
"""

CALL = """\
0: R1=ctx() R10=fp0
0: (b7) r6 = 1                        ; R6=1
1: (85) call pc+2
caller:
 R6=1 R10=fp0
callee:
 frame1: R1=ctx() R10=fp0
4: frame1: R1=ctx() R10=fp0
4: (b7) r0 = 7                        ; frame1: R0=7
5: (95) exit
returning from callee:
 frame1: R0=7 R10=fp0
to caller at 2:
 R0=7 R6=1 R10=fp0
2: (bf) r1 = r0                       ; R0=7 R1=7
3: (79) r0 = *(u64 *)(r1 +0)
message
"""


@pytest.mark.parametrize("log", [LEVEL_1_7_2, LEVEL_2_7_2, LEVEL_2_5_10])
def test_instructions_of_other_paths_are_skipped(log):
    assert [step.slot for step in Log(log).path] == [5, 4, 1, 0]


def test_each_return_continues_at_the_last_visit_without_a_return():
    assert [step.slot for step in Log(LOOP).path] == [1, 2, 1, 2, 1, 0]


def test_steps_in_a_function_have_a_greater_depth():
    path = Log(CALL).path
    assert [(step.slot, step.depth) for step in path] == [
        (3, 0), (2, 0), (5, 1), (4, 1), (1, 0), (0, 0),
    ]  # fmt: skip
    assert path[3].states[0].frame == 1


def test_the_states_before_the_first_step():
    path = Log(CALL).path
    assert len(path) == 6
    assert path.before == ("R1=ctx() R10=fp0",)


def test_a_log_without_instructions_has_no_path():
    assert not Log("jump out of range from insn 0 to 9\n").path
    assert Log("jump out of range from insn 0 to 9\n").named_slot == 0
