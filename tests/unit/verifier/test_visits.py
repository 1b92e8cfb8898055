"""Logs of level 2 are read into visits, edges and pruned paths."""

import pytest

from rawbpf.verifier.visits import read_visits
from rawbpf.verifier.words import brief
from tests.support.verifier_logs import KERNELS, every_log, logs
from tests.unit.verifier.test_path import CALL, LEVEL_2_5_10, LEVEL_2_7_2


@pytest.mark.parametrize("log", [LEVEL_2_5_10, LEVEL_2_7_2])
def test_both_sides_of_a_branch_are_visited_with_their_own_state(log):
    visits = read_visits(log.split("\n"))
    assert sorted(visits.seen) == [0, 1, 2, 3, 4, 5]
    assert brief(visits.seen[2].visits[0].before.places["r6"]) == "3"
    assert brief(visits.seen[4].visits[0].before.places["r6"]) == "any"
    assert brief(visits.seen[0].visits[0].before.places["r1"]) == "ctx"


def test_the_edges_of_a_jump():
    visits = read_visits(LEVEL_2_7_2.split("\n"))
    assert visits.edges == {(1, 2): 1, (1, 4): 1}


def test_each_frame_has_its_own_state():
    visits = read_visits(CALL.split("\n"))
    inside, after = visits.seen[4].visits[0], visits.seen[2].visits[0]
    assert inside.before.frame == 1
    assert "r6" not in inside.before.places
    assert after.before.frame == 0
    assert (after.before.places["r6"], after.before.places["r0"]) == ("1", "7")


def test_a_call_removes_the_registers_that_it_destroys():
    log = "0: R1=ctx() R2=5 R6=1 R10=fp0\n0: (85) call bpf_x#1  ; R0=scalar()\n1: (95) exit\n"
    assert read_visits(log.split("\n")).seen[1].visits[0].before.places.keys() == {
        "r0",
        "r6",
        "r10",
    }


def test_loops_and_pruned_returns():
    log = (
        "0: R1=ctx() R10=fp0\n0: (07) r6 += 1  ; R6=1\n1: (a5) if r6 < 0x3 goto pc-2 ; R6=1\n"
        "0: (07) r6 += 1 ; R6=2\n1: (a5) if r6 < 0x3 goto pc-2\n2: (95) exit\n\nfrom 1 to 0: safe\n"
    )
    visits = read_visits(log.split("\n"))
    assert visits.ways[1][0] == 1
    assert visits.pruned == {(1, 0): 1}
    assert visits.seen[0].count == 2


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_program_has_the_same_visits_on_every_kernel(kernel):
    visits = read_visits(logs(kernel)["ref_leak_path"].split("\n"))
    assert sorted(visits.seen) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert brief(visits.seen[10].visits[0].before.places["r1"]).startswith(("mem", "ringbuf_mem"))


def test_every_value_of_real_logs_can_be_parsed():
    for log in every_log():
        for seen in read_visits(log.split("\n")).seen.values():
            for visit in seen.visits:
                for place, text in (visit.before.places | visit.after).items():
                    assert "=" not in place
                    assert "inv" not in brief(text)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("inv-4", "-4"),
        ("scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))", "0..0xffffffff"),
        ("scalar(umax=252,var_off=(0x0; 0xfc))", "0..252 of 0xfc"),
        ("scalar(smin=smin32=-8,smax=smax32=7)", "-8..7"),
        ("fp(off=-32,smin=0,smax=umax=7,var_off=(0x0; 0x7))", "fp-32+(0..7)"),
        ("map_value(off=0,ks=4,vs=8,imm=0)", "map_value(vs=8)"),
        ("map_value(id=1,map=h,ks=4,vs=8,imm=-8)", "map_value(map=h,vs=8)-8"),
        ("trusted_ptr_task_struct(off=8)", "trusted_ptr_task_struct+8"),
        ("?!", "?!"),
    ],
)
def test_short_forms_of_values(text, short):
    assert brief(text) == short
