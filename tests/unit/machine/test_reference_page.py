"""docs/reference/machine.md: its session in Python goes as shown. Its tables have a test."""

import doctest

from tests.support.markdown import ROOT, blocks

PAGE = ROOT / "docs/reference/machine.md"


def test_the_session_goes_as_shown():
    (session,) = (block.text for block in blocks(PAGE) if block.language == "pycon")
    parsed = doctest.DocTestParser().get_doctest(session, {}, "machine.md", str(PAGE), 0)
    results = doctest.DocTestRunner().run(parsed, out=lambda _text: None)
    assert results.failed == 0
    assert results.attempted > 5
