"""Run `rawbpf verify` on this kernel, for accepted programs and a rejected one."""

import json
from pathlib import Path

import pytest

from rawbpf.cli.main import main

pytestmark = pytest.mark.no_probe

SOURCES = Path(__file__).parents[2] / "bpf_src"
ACCEPTED = ["hello_kprobe", "count_by_comm", "drop_every_third"]

REFUSED = """
.map hits, hash, key=u32, value=u64, entries=16
.program count, "socket"
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
        r0 = *(u64 *)(r0 + 0)
        exit
"""


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_processed_instruction_is_read_from_the_log(name, capsys):
    assert main(["verify", str(SOURCES / f"{name}.bpf.s"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accepted"]
    visits = sum(one["visits"] + one["pruned"] for one in found["instructions"])
    assert visits == found["statistics"]["insns"]
    first = found["instructions"][0]["states"][0]["before"]
    assert first["r10"] == "fp0"
    assert first["r1"].startswith("ctx")


def test_a_rejection_is_explained(tmp_path, capsys):
    file = tmp_path / "count.bpf.s"
    file.write_text(REFUSED)
    assert main(["verify", str(file)]) == 1
    text = capsys.readouterr().out
    assert "map_value_or_null" in text
    assert "[never reached]" in text
    assert "RB-V003" in text
    assert "The kernel accepts the program with this change." in text


PYTHON = """\
from rawbpf.asm import Builder, r0, r2
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type
b = Builder("copies")
b.mov(r0, r2)
b.exit()
spec = ProgramSpec("copies", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, b.build())
"""


def test_a_program_from_python_is_shown_with_its_lines(tmp_path, capsys):
    file = tmp_path / "copies.py"
    file.write_text(PYTHON)
    assert main(["verify", str(file)]) == 1
    text = capsys.readouterr().out
    assert f"{file}:5  b.mov(r0, r2)" in text
    assert "[RB-V001]" in text


def test_the_explanation_ends_a_failed_load(tmp_path, capsys):
    file = tmp_path / "count.bpf.s"
    file.write_text(REFUSED)
    assert main(["load", str(file)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("rawbpf: the verifier rejected program 'count': r0 may be NULL")
    assert any("line 8, instruction 5" in line for line in said)
    assert said[-1] == "(more with -v)"
