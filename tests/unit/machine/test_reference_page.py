"""The Python session in docs/reference/machine.md works as shown."""

import doctest

from tests.support.markdown import ROOT, blocks

PAGE = ROOT / "docs/reference/machine.md"


def test_the_session_works_as_shown():
    (session,) = (block.text for block in blocks(PAGE) if block.language == "pycon")
    parsed = doctest.DocTestParser().get_doctest(session, {}, "machine.md", str(PAGE), 0)
    results = doctest.DocTestRunner().run(parsed, out=lambda _text: None)
    assert results.failed == 0
    assert results.attempted > 5
