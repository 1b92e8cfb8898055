"""Give arbitrary text to the explainer, which must never raise."""

import re
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rawbpf.output.explanation import explanation_lines, explanation_object
from rawbpf.verifier.explainer import explain
from rawbpf.verifier.log import Log
from rawbpf.verifier.registry import all_rules
from rawbpf.verifier.report import places
from rawbpf.verifier.state import parse_state
from rawbpf.verifier.visits import read_visits
from tests.support.assembled import spec_of
from tests.support.cost import grows_too_fast
from tests.support.patterns import Case, attacks
from tests.support.reports import told, with_reports
from tests.support.verifier_logs import every_log

fuzz = settings(max_examples=150, deadline=None)

PROGRAM = spec_of(
    '.program p, "xdp"\n'
    " r6 = 1 ll\n r2 = r10\n call map_lookup_elem\n call f\n if r0 == 0 goto +1\n r0 = 0\n exit\n"
    ".function f\n r0 = 0\n exit"
).programs["p"]  # fmt: skip
REAL = every_log()
WHOLE = [log for log in REAL if Log(log).path and 1 <= len(Log(log).message) <= 3]
HOSTILE = [
    "",
    "\n" * 100,
    "R99 !read_ok",
    "R0 !read_ok\0",
    "0: (95) exit\nR31 invalid mem access 'map_value_or_null'",
    "99999: (79) r1 = *(u64 *)(r99 +4)\nR1 invalid mem access 'scalar'",
    "-1: (95) exit\n" + "9" * 5000 + ": (95) exit\nR0 !read_ok",
    "from 1 to 1:\nfrom 1 to 1: R0=(((\n1: (15) if r0 == 0x0 goto pc-1\nx",
    "0: R1=ctx(off=" + "9" * 5000 + ") R10=fp0\n0: (95) exit\nR0 !read_ok",
    "Reason:\nAt:\n  insn 99999999999999999999\nSuggestion:",
    "0: (85) call bpf_x#1\nUnreleased reference id=1 alloc_insn=999999999",
]


def ask(text):
    """Run every query on a log."""
    for spec in (None, PROGRAM):
        found = explain(text, spec)
        assert found.sentence
        assert all(isinstance(line, str) for line in explanation_lines(found))
        explanation_object(found)
    log = Log(text)
    assert isinstance(log.cause, str)
    assert log.statistics is not None
    assert log.stack_depths is not None
    for step in log.path:
        assert step.states is not None


@fuzz
@given(st.text(max_size=300))
def test_any_text(text):
    ask(text)


def test_hostile_texts():
    for text in HOSTILE:
        ask(text)


@fuzz
@given(st.sampled_from([p for one in all_rules().values() for p in one.patterns]), st.data())
def test_messages_that_match_a_rule(pattern, data):
    """Give each rule what its own patterns accept, however odd."""
    found = data.draw(st.from_regex(re.compile(pattern, re.MULTILINE)))
    ask("0: R1=ctx() R10=fp0\n0: (95) exit\n" + found)


@pytest.mark.parametrize("code", all_rules())
def test_messages_with_thousands_of_digits(code):
    for pattern in all_rules()[code].patterns:
        case = Case(pattern, re.MULTILINE, frozenset())
        for text in {attack(5000) for attack in attacks(case, many=4)}:
            explain("0: R1=ctx() R10=fp0\n0: (95) exit\n" + text)


PIECES = ["a", " ", "0", "(", "R0=", "R1=inv(", "a=", "a,", " ;", "goto pc+1 ", "|", "fp-8=", "_",
          "R1 from different maps, paths ", "0: (95) exit ", " pointer offset "]  # fmt: skip
LINES = [
    "{}", "0: (95) {}", "0: (95) if r0 > r1 goto pc+1 {}", "0: (bf) r0 = r1 ; R0={}",
    "from 0 to 1: R0={}", "0: R1={}\n0: (95) exit\nR0 !read_ok", "Verification failed: {}",
    "0: (95) exit\nReason:\n  {0}\nAt:\n  {0}\nCausal path:\n  insn 3{0}\n | {0}",
    "0: (85) call f#1 ; R0={}\nUnreleased reference id=1 alloc_insn=0",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_time_grows_linearly_with_the_length_of_a_line(line):
    """Also if the line is the message, and if it is followed by one."""
    for piece in PIECES:
        for end in ("", "\nR0 !read_ok\nprocessed 1 insns (limit 9)\n"):
            text = partial(long_line, line, piece, end)
            assert not grows_too_fast(read_all, text, (1024, 1 << 16)), (piece, end)


@pytest.mark.parametrize("line", LINES)
def test_time_grows_linearly_with_the_number_of_lines(line):
    assert not grows_too_fast(read_all, partial(many_lines, line), (1024, 1 << 15))


def long_line(line, piece, end, size):
    return line.format(piece * (size // len(piece))) + end


def many_lines(line, size):
    return (line.format("R1=inv") + "\n") * (size // 8) + "R0 !read_ok\n"


def read_all(text):
    list(explanation_lines(explain(text)))
    read_visits(text.split("\n"))


@fuzz
@given(st.sampled_from(REAL), st.data())
def test_damaged_logs(log, data):
    """Remove, duplicate, truncate and change lines, and mix them with those of another log."""
    found = log.split("\n")
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(found) - 1))
        match data.draw(st.integers(0, 4)):
            case 0:
                del found[at : at + data.draw(st.integers(1, 5))]
            case 1:
                found[at:at] = found[max(at - 5, 0) : at]
            case 2:
                found[at] = found[at][: data.draw(st.integers(0, 80))]
            case 3:
                other = data.draw(st.sampled_from(REAL)).split("\n")
                found.insert(at, data.draw(st.sampled_from(other)))
            case _:
                letter = data.draw(st.characters(max_codepoint=0x250))
                place = data.draw(st.integers(0, 80))
                found[at] = found[at][:place] + letter + found[at][place + 1 :]
        found = found or [""]
    ask("\n".join(found))


@fuzz
@given(st.text(alphabet="Rfp=()_0123456789abcwr,:; -x+PinvscalarK", max_size=120))
@example("R0=scalar(smin=umin=umax=smax=)")
@example("fp-8=" + "(" * 50)
def test_any_state(text):
    state = parse_state(text)
    for value in state.registers.values():
        bounds = (value.umin, value.umax, value.smin, value.smax)
        assert all(isinstance(one, int) for one in bounds)
        assert isinstance(value.tnum.at_least(5), int | None)


@fuzz
@given(st.sampled_from(WHOLE), st.lists(told, min_size=1, max_size=3))
def test_reports_after_errors_change_nothing(log, reports):
    """Reports do not change the error, path, rule or instruction that is found."""
    plain, full = Log(log), Log(with_reports(log, reports))
    assert full.message == plain.message
    assert [step.slot for step in full.path] == [step.slot for step in plain.path]
    assert full.statistics == plain.statistics
    before, after = explain(log), explain(full.text)
    assert (before.code, before.sentence, before.slot) == (after.code, after.sentence, after.slot)
    shown = reports[-min(len(reports), len(plain.message))]
    assert full.sections["Verification failed"] == (f"{shown.category}: {shown.problem}",)
    assert places(full.sections["At"]) == [(plain.path[0].slot, "error", shown.at.text)]
    told_of = [(one.slot, one.label, one.text) for one in shown.causal]
    assert places(full.sections.get("Causal path", ())) == told_of
    assert " ".join(" ".join(full.sections["Suggestion"]).split()) == shown.suggestion
    ask(full.text)
