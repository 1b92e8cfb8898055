"""The six tests of lesson 01, for `rawbpf kprobe`."""

import time

from tests.support.command import opening_files, rawbpf


def test_kprobe_help():
    done = rawbpf("kprobe", "--help")
    assert done.returncode == 0
    assert "FUNCTION" in done.stdout
    assert "duration" in done.stdout


def test_kprobe_requires_function_arg():
    done = rawbpf("kprobe")
    assert done.returncode == 2
    assert "FUNCTION" in done.stderr
    assert done.stdout == ""


def test_kprobe_attaches_to_kernel_function():
    done = rawbpf("kprobe", "do_sys_openat2", "-d", "1")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[:4]
    assert first == [
        "Attaching kprobe to function: do_sys_openat2",
        "Duration: 1 seconds (0 = until Ctrl+C)",
        "Attached kprobe to: do_sys_openat2",
        "Listening for events... (Ctrl+C to stop)",
    ]
    assert done.stdout.splitlines()[-1] == "Kprobe detached. Exiting."


def test_kprobe_shows_events():
    with opening_files():
        done = rawbpf("kprobe", "do_sys_openat2", "-d", "2")
    assert done.returncode == 0, done.stderr
    assert "kprobe triggered!" in done.stdout
    assert "Duration elapsed, detaching kprobe..." in done.stdout


def test_kprobe_respects_duration():
    start = time.monotonic()
    done = rawbpf("kprobe", "do_sys_openat2", "-d", "1")
    elapsed = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert elapsed >= 1


def test_kprobe_invalid_function():
    done = rawbpf("kprobe", "nonexistent_function_xyz123", "-d", "1")
    assert done.returncode == 1
    assert "nonexistent_function_xyz123" in done.stderr
    assert "Traceback" not in done.stderr
