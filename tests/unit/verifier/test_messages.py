"""Messages that programs made at random, or loaded with fewer rights, met on 6.1, 6.12, 6.18, 7.2.

A line of the file each: the rule's code, the message; " // " where a line of the log ended.
"""

import pytest

from rawbpf.verifier.explain import explain
from tests.support.golden_logs import MESSAGES


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=[text[:60] for _, text in MESSAGES])
def test_it_has_its_rule(code, message):
    found = explain(message)
    assert found.code == code
    assert found.sentence
