"""A complete `rawbpf kprobe do_sys_openat2`, recorded on 6.1, is narrated as in the golden files.

Some similar lookups and sleeps were removed from the recording.
"""

import ast
import json

import pytest

from rawbpf.errors import UnsupportedError
from rawbpf.narration.script.writer import LONGEST, script
from rawbpf.narration.tell.json_line import decode, encode
from tests.support.told import GOLDEN, records, retold

RECORD = "kprobe-6.1.jsonl"


@pytest.mark.parametrize(
    ("name", "full"), [("kprobe-6.1.txt", False), ("kprobe-6.1.full.txt", True)]
)
def test_narration_matches_the_golden_file(name, full):
    assert retold(records(RECORD), full=full) == (GOLDEN / name).read_text()


def test_a_recording_is_unchanged_by_decoding_and_encoding():
    for line in (GOLDEN / RECORD).read_text().splitlines():
        assert encode(decode(line), json.loads(line)["why"]) == line


def test_recorded_reasons_match():
    told = retold(records(RECORD)).splitlines()
    said = [json.loads(line)["why"] for line in (GOLDEN / RECORD).read_text().splitlines()]
    assert [line.removeprefix("    # ") for line in told[1::2]] == said


def test_its_script_is_short_and_needs_only_the_standard_library():
    text = script(records(RECORD), "kprobe do_sys_openat2")
    assert text.count("\n") <= LONGEST
    tree = ast.parse(text)
    imported = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                for name in node.names]  # fmt: skip
    assert sorted(imported) == ["ctypes", "mmap", "struct"]
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert "for n in range(0, 4):" in text
    assert "s24=events, s36=outcomes" in text


def test_a_script_that_would_be_too_long_is_an_error():
    calls = records(RECORD)
    maps = [calls[0]] * 200
    with pytest.raises(UnsupportedError, match="too long for a script"):
        script(maps, "endless")


def test_a_command_in_a_script_stays_in_its_comment():
    text = script(records(RECORD)[:1], 'kprobe """ \\ \n import os')
    assert [type(node).__name__ for node in ast.parse(text).body[:2]] == ["Expr", "Import"]
    assert "import os" not in text.splitlines()
