"""Reading logs: the complaint, the path to it, what was counted."""

import pytest

from rawbpf.verifier.log import Log


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
def test_causes(log, line):
    assert Log(log).cause == line
