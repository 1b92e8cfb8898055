"""A value is followed backwards to the step that created it."""

from rawbpf.verifier.log import Log
from rawbpf.verifier.origins import known, origins, slot_known
from tests.unit.verifier.test_path import CALL

SPILL = """\
0: R1=ctx() R10=fp0
5: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=h,ks=4,vs=8)
6: (7b) *(u64 *)(r10 -16) = r0        ; R10=fp0 fp-16=map_value_or_null(id=1,map=h,ks=4,vs=8)
7: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
8: (79) r1 = *(u64 *)(r10 -16)        ; R1=map_value_or_null(id=1,map=h,ks=4,vs=8) R10=fp0
9: (79) r0 = *(u64 *)(r1 +0)
R1 invalid mem access 'map_value_or_null'
"""


def test_a_spilled_value_is_followed_to_the_call():
    found = origins(Log(SPILL).path, 1)
    assert [(one.place, one.step.slot) for one in found] == [("r1", 8), ("fp-16", 6), ("r0", 5)]
    assert found[-1].effect.name == "bpf_map_lookup_elem"


def test_a_partial_store_creates_a_new_value():
    """The value that is loaded consists of old and new bytes, so no register ever held it."""
    partly = SPILL.replace("7: (85) call", "7: (63) *(u32 *)(r10 -12) = r6\n7: (85) call")
    found = origins(Log(partly).path, 1)
    assert [(one.place, one.effect.kind) for one in found] == [("r1", "load"), ("fp-16", "store")]
    assert found[-1].effect.src == 6
    beside = SPILL.replace("7: (85) call", "7: (63) *(u32 *)(r10 -8) = r6\n7: (85) call")
    assert [one.place for one in origins(Log(beside).path, 1)] == ["r1", "fp-16", "r0"]


def test_a_returned_value_is_followed_into_the_function():
    found = origins(Log(CALL).path, 1)
    assert [(one.place, one.step.slot) for one in found] == [("r1", 2), ("r0", 4)]


def test_an_argument_is_followed_into_the_caller():
    log = CALL.partition("4: (b7)")[0] + "4: (79) r0 = *(u64 *)(r1 +0)\nmessage\n"
    assert origins(Log(log).path, 1) == []
    assert origins(Log(log).path, 6) == []


def test_the_value_before_a_step():
    path = Log(SPILL).path
    assert known(path, 1).kind == "map_value_or_null"
    assert known(path, 0).kind == "scalar"
    assert known(path, 0, at=2).fields["map"] == "h"
    assert known(path, 5) is None
    assert slot_known(path, -16).value.kind == "map_value_or_null"


def test_a_value_that_was_there_at_the_start():
    assert known(Log("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok").path, 1).kind == "ctx"
