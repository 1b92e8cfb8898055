"""`rawbpf load --json` of a program that the verifier rejects."""

import json

import pytest

from tests.support.command import rawbpf

pytestmark = pytest.mark.no_probe

BAD = """
.license "GPL"
.program bad, "socket"
r0 = *(u64 *)(r2 + 0)
exit
"""


def test_a_rejection_is_printed_as_json(tmp_path):
    path = tmp_path / "bad.bpf.s"
    path.write_text(BAD)
    done = rawbpf("load", str(path), "--json")
    assert done.returncode == 1
    (row,) = (json.loads(line) for line in done.stdout.splitlines())
    assert row["errno"] == "EACCES"
    assert row["error"] in done.stderr
    assert row["explanation"]["code"].startswith("RB-V")
    assert "R2 !read_ok" in row["log"]
