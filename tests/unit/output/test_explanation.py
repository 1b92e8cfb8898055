"""An explanation as lines of text and as an object for JSON."""

import json

from rawbpf.explanation import Evidence, Explanation, RuleText, SourceLine, Trial
from rawbpf.output.explanation import explanation_lines, explanation_object

RULE = RuleText("RB-V003", "Possibly NULL pointer dereferenced", "It may be NULL.", "It faults.")
FULL = Explanation(
    "r0 may be NULL",
    cause="R0 invalid mem access",
    kernel=("R0 invalid mem access",),
    rule=RULE,
    slot=6,
    insn="r0 = *(u64 *)(r0 +0)",
    source=SourceLine("r0 = *(u64 *)(r0 + 0)", "count.bpf.s", 12),
    evidence=(
        Evidence("a call may return NULL", 5, 11),
        Evidence("r1 is ctx"),
        Evidence("seen", 2),
    ),
    counterexample="r0 = 0: the key is not in the map",
    change="check r0 for NULL",
    patch=("+ 6: if r0 != 0 goto +2",),
    trial=Trial(accepted=True),
)
LINES = """\
  count.bpf.s:12  r0 = *(u64 *)(r0 + 0)
  instruction 6: r0 = *(u64 *)(r0 +0)

  known    a call may return NULL (line 11, instruction 5)
           r1 is ctx
           seen (instruction 2)
  breaks   r0 = 0: the key is not in the map
  rule     It may be NULL.
           It faults.
  change   check r0 for NULL
             + 6: if r0 != 0 goto +2
           The kernel accepts the program with this change.
  kernel   R0 invalid mem access
  more     rawbpf explain RB-V003"""


def test_every_part_has_its_lines():
    assert "\n".join(explanation_lines(FULL)) == LINES


def test_a_change_that_was_not_enough():
    again = FULL._replace(trial=Trial(accepted=False, reason="r0 is never initialized"))
    assert "change alone is not enough: r0 is never initialized." in "\n".join(
        explanation_lines(again)
    )
    unknown = FULL._replace(trial=Trial(accepted=False))
    assert "           This change alone is not enough." in list(explanation_lines(unknown))


def test_a_line_that_only_the_log_quotes_has_no_file():
    quoted = FULL._replace(source=SourceLine("int x = 3;"))
    assert next(iter(explanation_lines(quoted))) == "  ; int x = 3;"
    assert explanation_object(quoted)["source"] is None


def test_a_call_is_shown_instead_of_an_instruction():
    call = Explanation("key_size is 8", call="BPF_MAP_CREATE: key_size=8", kernel=("EINVAL",))
    assert list(explanation_lines(call)) == [
        "",
        "  asked    BPF_MAP_CREATE: key_size=8",
        "  kernel   EINVAL",
    ]


def test_the_object_has_the_same_keys_for_every_explanation():
    full, least = explanation_object(FULL), explanation_object(Explanation("something"))
    assert full.keys() == least.keys()
    assert full["source"] == {"text": "r0 = *(u64 *)(r0 + 0)", "file": "count.bpf.s", "line": 12}
    assert full["evidence"][0] == {"text": "a call may return NULL", "slot": 5, "line": 11}
    assert (full["code"], full["accepted"], least["code"], least["accepted"]) == (
        "RB-V003", True, None, None,
    )  # fmt: skip
    assert json.loads(json.dumps(full))["patch"] == ["+ 6: if r0 != 0 goto +2"]
