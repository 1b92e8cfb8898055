"""docs/reference/assembly.md agrees with the code."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rawbpf.asm.parse import parse_instruction
from rawbpf.errors import AssemblyError
from rawbpf.source.assembler import assemble

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/assembly.md").read_text()


def blocks(heading):
    """Return the indented blocks below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("    ") or not line]
    return [textwrap.dedent(block) for block in "\n".join(lines).split("\n\n\n") if block.strip()]


def test_the_generated_parts_are_up_to_date():
    words = [sys.executable, ROOT / "tools/lib/gen_docs.py", "--check"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run ./tools/gen-docs"


def test_all_spellings_in_the_tables_can_be_assembled():
    rows = [
        line.split(" | ") for line in PAGE.splitlines() if line.count(" | ") == 5 and "`" in line
    ]
    assert len(rows) > 150
    names = {"target": "+1", "distance": "1", "number": "1", "offset": "1", "index": "1",
             "helper": "5", "function": "+1", "off": "8", "imm": "8"}  # fmt: skip
    for c, mnemonic, *_ in rows:
        texts = [cell.strip("| `").replace("\\|", "|") for cell in (c, mnemonic)]
        for name, example in names.items():
            texts = [text.replace(name, example) for text in texts]
        texts = [text.replace("D", "1").replace("S", "2").replace("kfunc +1", "kfunc 1")
                 for text in texts]  # fmt: skip
        assert parse_instruction(texts[0]) == parse_instruction(texts[1]), texts


def test_the_python_example_runs():
    names = {}
    exec(blocks("In Python")[0], names)  # noqa: S102 -- the page's own code
    assert names["program"].slots == 5


def test_the_example_of_an_error():
    (shown,) = blocks("Errors")
    text = '.program count, "xdp"\nout: r0 = 0\n' + "\n" * 9 + "    if r0 == 0 goto otu\nexit"
    with pytest.raises(AssemblyError) as caught:
        assemble(text, "count.bpf.s")
    first, *rest = shown.strip().splitlines()
    assert first == f"rawbpf: {caught.value}"
    assert [line.strip() for line in rest] == ["if r0 == 0 goto otu", "^"]
