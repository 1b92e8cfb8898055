"""Lockdown is reported as the reason. It cannot be undone, so each mode has its own guest."""

import subprocess
import sys

LOCK_DOWN_AND_RUN = """
import ctypes, pathlib, subprocess, sys
folder = pathlib.Path("/sys/kernel/security")
if not (folder / "lockdown").exists():
    assert ctypes.CDLL(None).mount(b"securityfs", bytes(folder), b"securityfs", 0, None) == 0
if f"[{sys.argv[1]}]" not in (folder / "lockdown").read_text():
    (folder / "lockdown").write_text(sys.argv[1])
for words in (["kprobe", "do_sys_openat2", "-d", "0.5"], ["doctor"]):
    done = subprocess.run([sys.executable, "-m", "rawbpf", *words])
    print("status", done.returncode, flush=True)
"""


def locked_down(mode: str, tmp_path, *options: str) -> str:
    script = tmp_path / "lock.py"
    script.write_text(LOCK_DOWN_AND_RUN)
    command = [
        sys.executable, "-m", "rawbpf", "guest", *options, "--", "python", str(script), mode
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_confidentiality_denies_kprobes_and_is_named(tmp_path):
    said = locked_down("confidentiality", tmp_path)
    assert said.count("status 1") == 2
    (line,) = [line for line in said.splitlines() if line.startswith("rawbpf: ")]
    assert "locked down (confidentiality)" in line
    assert "FAIL      lockdown" in said


def test_integrity_allows_kprobes(tmp_path):
    """The kernel is locked down from the start, so the guest cannot map shared memory."""
    said = locked_down("integrity", tmp_path, "--kernel-args", "lockdown=integrity")
    assert said.count("status 0") == 2
    assert "Kprobe detached. Exiting." in said
