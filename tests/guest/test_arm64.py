"""Guests with an arm64 kernel, which this machine emulates if it is an x86-64 machine."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("arm64")]

SCRIPT = """
import json, os, sys
with open(sys.argv[1]) as file:
    added = file.read()
with open("/out/result", "w") as file:
    file.write("from the guest")
print(json.dumps({
    "added": added, "machine": os.uname().machine, "cpus": os.cpu_count(),
    "python": sys.executable, "argument": "quiet_please" in open("/proc/cmdline").read(),
    "modules": [line.split()[0] for line in open("/proc/modules")],
    "memory": int(open("/proc/meminfo").readline().split()[1]) >> 10,
}))
sys.exit(7)
"""


def guest(*words):
    command = [sys.executable, "-m", "rawbpf", "guest", "--arch=arm64", *words]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=590, check=False
    )


def test_a_kprobe():
    done = guest("--", "kprobe", "do_sys_openat2", "-d", "5", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event for event in events if event.get("comm", "").startswith("python3")]


def test_the_options(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "data").write_text("some data")
    done = guest(
        "--cpus=3", "--memory=768M", "--kernel-args=quiet_please", "--module=nf-conntrack",
        f"--out={tmp_path}/out", f"--add={tmp_path}/data", "--no-workload",
        "--", "python", str(tmp_path / "script.py"), str(tmp_path / "data"),
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    inside = json.loads(done.stdout)
    assert inside["added"] == "some data"
    assert (inside["machine"], inside["cpus"], inside["argument"]) == ("aarch64", 3, True)
    assert 500 < inside["memory"] < 768
    assert {"nf_conntrack", "nf_defrag_ipv4"} <= set(inside["modules"])
    assert (tmp_path / "out" / "result").read_text() == "from the guest"


def test_programs_of_this_machine_do_not_run_there():
    done = guest("--", "true")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "cannot run true in an arm64 guest" in line
