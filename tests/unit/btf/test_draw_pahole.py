"""Every struct of the running kernel has as many unused bits as pahole counts."""

import re
import subprocess
from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.draw import draw
from rawbpf.kernel.btf import vmlinux_btf
from tests.support.peers import peer

DEFINITION = re.compile(r"^struct (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
COUNT = re.compile(r"(\d+) (byte|bit)")


def bits(text):
    return sum(int(n) * (8 if unit == "byte" else 1) for n, unit in COUNT.findall(text))


def ours(opened, type_id):
    """Return (size, bits in holes, bits of padding) from the first and last line of a drawing."""
    lines = list(draw(opened, type_id))
    parts = lines[-1].split(", ")
    holes = next((part for part in parts if "hole" in part), "")
    padding = next((part for part in parts if "padding" in part), "")
    return bits(lines[0].split(",")[0]) // 8, bits(holes), bits(padding)


def theirs(body):
    """Return the same numbers from pahole's comments after the last member."""
    comments = "\n".join(line for line in body.splitlines() if line.startswith("\t/*"))

    def number(pattern):
        found = re.search(pattern, comments)
        return int(found[1]) if found else 0

    holes = 8 * number(r"sum holes: (\d+)") + number(r"sum bit holes: (\d+)")
    padding = 8 * number(r"[*] padding: (\d+)") + number(r"bit_padding: (\d+)")
    return number(r"size: (\d+)"), holes, padding


def test_holes_and_padding():
    path = vmlinux_btf()
    if path is None:
        pytest.skip("this kernel has no BTF")
    # pahole warns on stderr about tags, which it does not draw.
    text = subprocess.run([peer("pahole"), path], capture_output=True, text=True).stdout
    drawn = {}
    for name, body in DEFINITION.findall(text):
        drawn.setdefault(name, []).append(theirs(body))
    opened = Btf.from_bytes(Path(path).read_bytes())
    structs = {}
    for type_id, record in opened:
        if isinstance(record, t.Struct) and record.name:
            structs.setdefault(record.name, []).append(type_id)
    compared = {
        name: (ours(opened, ids[0]), drawn[name][0])
        for name, ids in structs.items()
        if len(ids) == len(drawn.get(name, [])) == 1
    }
    assert {name: pair for name, pair in compared.items() if pair[0] != pair[1]} == {}
    with_gaps = [pair for pair in compared.values() if pair[0][1] and pair[0][2]]
    assert len(compared) > 5000
    assert len(with_gaps) > 100
