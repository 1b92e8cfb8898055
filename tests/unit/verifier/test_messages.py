"""Messages that random or unprivileged programs met on 6.1, 6.12, 6.18 and 7.2.

Each line of the file has the code of the rule and the message, with " // " for line breaks.
"""

import pytest

from rawbpf.verifier.explainer import explain
from tests.support.golden_logs import MESSAGES


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=[text[:60] for _, text in MESSAGES])
def test_each_message_has_its_rule(code, message):
    found = explain(message)
    assert found.code == code
    assert found.sentence
