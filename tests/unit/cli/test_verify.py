"""`rawbpf verify` and `rawbpf explain`, on recorded logs, without a kernel."""

import errno
import json

import pytest

from rawbpf.cli.main import main
from rawbpf.cli.verify import diff as verify_diff
from rawbpf.cli.verify import show as verify_json
from rawbpf.cli.verify import show as verify_show
from rawbpf.cli.verify.verify import collection_of
from rawbpf.collection.load import Verification
from rawbpf.errors import UsageError
from rawbpf.programs.request import Verdict
from rawbpf.verifier.explainer import explain
from tests.support.assembled import spec_of
from tests.support.verifier_logs import logs

LEAK = """\
.license "GPL"
.map rb, ringbuf, entries=4096
.program p, "kprobe"
 r1 = rb ll
 r2 = 8
 r3 = 0
 call ringbuf_reserve
 if r0 == 0 goto out
 r6 = r0
 call get_prandom_u32
 if r0 == 3 goto out
 r1 = r6
 r2 = 0
 call ringbuf_submit
out: r0 = 0
 exit
"""


def judged(kernel):
    log = logs(kernel)["ref_leak_path"]
    spec = spec_of(LEAK).programs["p"]
    return Verification(spec, Verdict(errno.EINVAL, log), explain(log, spec))


@pytest.mark.parametrize("kernel", ["5.10", "7.2"])
def test_listing(kernel):
    text = "\n".join(verify_show.listing(judged(kernel)))
    assert "p: rejected as kprobe" in text
    assert "test.s" in text
    assert "call bpf_ringbuf_reserve#131" in text
    assert "ringbuf_mem_or_null" in text or "mem_or_null" in text
    assert "RB-V017" in text
    assert "15 instructions processed" in text
    assert "visited 2x" in text


def test_state():
    text = "\n".join(verify_show.state(judged("7.2"), 12))
    assert "visit 2, before:" in text
    assert "r10" in text
    with pytest.raises(UsageError):
        list(verify_show.state(judged("7.2"), 99))


def test_path():
    lines = list(verify_show.path(judged("7.2")))
    slots = [line.split(":")[0].strip() for line in lines if line.startswith("      ")]
    numbers = " ".join(one for one in slots if one.isdigit())
    assert numbers == "0 2 3 4 5 6 7 8 12 13"


def test_json_and_differences_between_kernels():
    found = [json.loads(verify_json.json_line(judged(kernel))) for kernel in ("5.10", "7.2")]
    assert found[0]["path"] == found[1]["path"]
    assert found[1]["explanation"]["code"] == "RB-V017"
    text = "\n".join(verify_diff.difference(["5.10", "7.2"], found))
    assert "rejected [RB-V017]" in text
    assert "only one" in "\n".join(verify_diff.difference(["a", "b"], [found[0], None]))


PYTHON = """
from rawbpf.asm import Builder, r0
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type
b = Builder("zero")
b.mov(r0, 0)
b.exit()
"""
SPEC = 'spec = ProgramSpec("zero", bpf_prog_type.BPF_PROG_TYPE_XDP, b.build())\n'


@pytest.mark.parametrize(("last", "kind"), [(SPEC, "XDP"), ("program = b.build()\n", "KPROBE")])
def test_a_python_file(tmp_path, last, kind):
    file = tmp_path / "zero.py"
    file.write_text(PYTHON + last)
    with collection_of(str(file), None) as found:
        assert found.spec.programs["zero"].prog_type.name == f"BPF_PROG_TYPE_{kind}"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "contains no program"), ("1 / 0", "division by zero"), ("(", "SyntaxError")],
)
def test_invalid_python_files(tmp_path, text, said):
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        collection_of(str(file), None)


@pytest.mark.parametrize(
    "words",
    [
        ["--state", "x"],
        ["--state", "-1"],
        ["--diff", "6.1"],
        ["--diff", ","],
        ["--diff", "6.1,7.2", "--json"],
        ["--diff", "6.1,7.2", "--state", "0"],
    ],
)
def test_bad_options(words, capsys):
    assert main(["verify", "none.bpf.s", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_explain(capsys):
    assert main(["explain"]) == 0
    assert "RB-V003  Possibly NULL pointer dereferenced" in capsys.readouterr().out
    assert main(["explain", "rb-v003"]) == 0
    said = capsys.readouterr().out
    assert "Rejected:" in said
    assert "Accepted:" in said
    assert main(["explain", "RB-V003", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "RB-V003"
    assert main(["explain", "RB-X"]) == 2
