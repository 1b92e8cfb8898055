"""Messages that random programs met on 6.1, 6.12 and 6.18, in tests/kernel.

A line each: the rule's code, the message; " // " where a line of the log ended.
"""

import pytest

from rawbpf.verifier.explain import explain
from tests.support.rejected import GOLDEN

MESSAGES = [line.partition(" ") for line in (GOLDEN / "messages.txt").read_text().splitlines()]


@pytest.mark.parametrize(("code", "_", "message"), MESSAGES, ids=[one[2][:60] for one in MESSAGES])
def test_it_has_its_rule(code, _, message):
    found = explain(message.replace(" // ", "\n"))
    assert found.code == code
    assert found.sentence
