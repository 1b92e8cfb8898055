"""The report of ``rawbpf doctor``: lines, tables, JSON, exit status."""

import json

import pexpect
import pytest

from rawbpf.cli.arguments import parse
from rawbpf.cli.system.doctor import USAGE, run
from rawbpf.doctor.finding import Check, Finding, Status, fail, ok, warn
from tests.support.command import RAWBPF, rawbpf

GOOD = Check("sun", lambda _: ok("it [bold]shines[/bold]"))
ODD = Check("wind", lambda _: warn("it blows", "close the window"))
BAD = Check("rain", lambda _: fail("it pours", "take an umbrella"))
ABSENT = Check("snow", lambda _: Finding(Status.MISSING, "not this month", "wait"))


def report(capsys, *checks, words=()):
    status = run(parse(USAGE, ["doctor", *words]), checks)
    return status, capsys.readouterr().out


def test_one_line_per_check(capsys):
    status, out = report(capsys, GOOD, ODD, BAD, ABSENT)
    assert status == 1
    assert out.splitlines()[:4] == [
        "ok        sun           it [bold]shines[/bold]",
        "warn      wind          it blows; close the window",
        "FAIL      rain          it pours; take an umbrella",
        "optional  snow          not this month; wait",
    ]
    assert out.splitlines()[-1].startswith("`rawbpf kprobe` cannot run here (rain)")


@pytest.mark.parametrize("checks", [(GOOD,), (GOOD, ODD, ABSENT)])
def test_only_a_failed_check_gives_exit_status_1(capsys, checks):
    status, out = report(capsys, *checks)
    assert status == 0
    assert out.splitlines()[-1].startswith("`rawbpf kprobe` can run here.")


def test_json(capsys):
    status, out = report(capsys, GOOD, BAD, words=["--json"])
    assert status == 1
    assert json.loads(out) == {
        "can_trace": False,
        "checks": [
            {"name": "sun", "status": "ok", "evidence": "it [bold]shines[/bold]", "fix": ""},
            {"name": "rain", "status": "fail", "evidence": "it pours", "fix": "take an umbrella"},
        ],
    }


def test_features_are_listed_on_request(capsys):
    _, out = report(capsys, GOOD, words=["--features", "--json"])
    rows = {row["name"]: row for row in json.loads(out)["features"]}
    assert rows["BPF_MAP_TYPE_RINGBUF"]["since"] == "5.8"
    assert {row["has"] for row in rows.values()} <= {"yes", "no", "?"}
    _, out = report(capsys, GOOD, words=["--features"])
    assert any(
        "BPF_MAP_TYPE_RINGBUF" in line and "457f44363a88" in line for line in out.split("\n")
    )


def test_the_exit_status_agrees_with_the_report():
    done = rawbpf("doctor", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["can_trace"] else 1)
    assert said["can_trace"] == all(check["status"] != "fail" for check in said["checks"])
    names = [check["name"] for check in said["checks"]]
    assert names[0] == "kernel"
    assert names[-1] == "guest kernel"
    assert len(set(names)) == len(names)


def test_a_table_on_a_terminal():
    terminal = pexpect.spawn(RAWBPF[0], [*RAWBPF[1:], "doctor"], dimensions=(60, 100), timeout=30)
    terminal.expect("check .*evidence .*fix")
    terminal.expect("kernel")
    terminal.expect("Linux ")
    terminal.expect("rawbpf kprobe` can")
    terminal.expect(pexpect.EOF)
