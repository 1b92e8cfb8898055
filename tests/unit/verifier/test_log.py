"""A log is split into its message, the path to it, reports and statistics."""

import pytest

from rawbpf.verifier.explainer import explain
from rawbpf.verifier.log import Log
from rawbpf.verifier.report import places
from tests.support.verifier_logs import KERNELS, logs


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", "no reason given"),
        ("unreachable insn 2\nprocessed 0 insns (limit 1000000)", "unreachable insn 2"),
        ("0: (b7) r0 = 0\n1: (95) exit\n", "1: (95) exit"),
        ("At:\n  3: r0 = 1\nReason: R0 is a scalar\nSuggestion: none", "R0 is a scalar"),
        ("; int x = 3;\n3: (61) r0 = 1\nR1 bad\nverification time 3 usec\nstack depth 0", "R1 bad"),
    ],
)
def test_the_cause_on_one_line(log, line):
    assert Log(log).cause == line


SECTIONED = """\
0: R1=ctx() R10=fp0
0: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
1: (bf) r6 = r3
R3 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  r3 holds nothing here.

At:
  insn 1
        | ^-- error: R3 is not readable
  Instruction context:
      0 | (85) call bpf_get_prandom_u32#7
  >>> 1 | (bf) r6 = r3

Causal path:
  insn 0
        | ^-- invalidated: R3: a call
        |     destroyed r3
  Instruction context:
  >>> 0 | (85) call bpf_get_prandom_u32#7
      1 | (bf) r6 = r3

Suggestion:
  Set it again.

processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


def test_a_report_after_the_message():
    log = Log(SECTIONED)
    assert log.message == ("R3 !read_ok",)
    assert [step.slot for step in log.path] == [1, 0]
    assert list(log.sections) == [
        "Verification failed", "Reason", "At", "Causal path", "Suggestion",
    ]  # fmt: skip
    assert log.sections["Suggestion"] == ("  Set it again.",)
    assert log.statistics["insns"] == 2
    assert explain(SECTIONED).code == "RB-V001"


def test_a_report_instead_of_a_message():
    found = explain(SECTIONED.replace("R3 !read_ok\n", ""))
    assert found.kernel == ("r3 holds nothing here.",)
    assert found.slot == 1
    assert found.rule is None
    assert "r3 holds nothing here." in found.sentence
    assert found.change == "Set it again."
    assert ("invalidated: R3: a call destroyed r3", 0, None) in found.evidence


LEAKS = """\
0: (85) call bpf_cpumask_create#1     ; R0=trusted_ptr_or_null_bpf_cpumask(id=2) refs=2
1: (95) exit
Unreleased reference id=2 alloc_insn=0

Verification failed: Resource Lifetime Safety: Unreleased resource

Reason:
  It was acquired at instruction 0.

At:
  entry @ case.c:36:5
  Source context:
      35 | ...
  >>> 36 | int entry(struct task_struct *task) /* insn 7 */
         | ^-- error: owned resource (id=2) still needs release
  Instruction context:
      0 | (85) call bpf_cpumask_create#1
  >>> 1 | (95) exit

Active lock:
  insn 0
        | ^-- acquired: active lock

Suggestion:
  Release the first.

Unreleased reference id=3 alloc_insn=0

Verification failed: Resource Lifetime Safety: Unreleased resource

Suggestion:
  Release the second.

BPF_EXIT instruction in main prog would lead to reference leak
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


def test_several_reports_between_the_lines_of_a_message():
    log = Log(LEAKS)
    assert log.message == (
        "Unreleased reference id=2 alloc_insn=0",
        "Unreleased reference id=3 alloc_insn=0",
        "BPF_EXIT instruction in main prog would lead to reference leak",
    )
    assert log.sections["Suggestion"] == ("  Release the first.",)
    assert places(log.sections["At"]) == [(1, "error", "owned resource (id=2) still needs release")]
    assert places(log.sections["Active lock"]) == [(0, "acquired", "active lock")]
    assert log.named_slot == 1
    assert explain(LEAKS).code == "RB-V017"


TWO_LANES = """\
  entry @ case.c:248:2
      247 |     save(&flags2);           8 | (bf) r1 = r6
  >>> 248 |     restore(&flags1);   >>>  9 | (85) call bpf_local_irq_restore#62775
          |     ^-- error: IRQ flag restore out of order
      249 |     restore(&flags2);       10 | (bf) r1 = r7
"""


def test_source_lines_and_instructions_side_by_side():
    """An earlier version of the kernel series wrote reports in this form."""
    assert places(TWO_LANES.splitlines()) == [(9, "error", "IRQ flag restore out of order")]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_message_of_real_logs(kernel):
    """No state, note or statistic is taken for a message, at either log level."""
    for name, text in logs(kernel).items():
        message = Log(text).message
        assert 1 <= len(message) <= 2, (name, message)
        assert not any(line.startswith(("R1=", "mark", "proc")) for line in message)
        assert explain(text).rule is not None, (name, message)


def test_statistics_of_level_2():
    log = Log(logs("7.2")["ref_leak_path"])
    assert log.statistics["insns"] == 15
    assert log.statistics["time_us"] > 0
    assert log.stack_depths == [0]
