"""Tests for lesson 01. The last four tests need a kernel that supports tracing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command import opening_files


def hello(lesson: Path, *words: str) -> subprocess.CompletedProcess:
    """Run hello.py as a command."""
    command = [sys.executable, lesson / "hello.py", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)


def test_kprobe_help(lesson):
    done = hello(lesson, "--help")
    assert done.returncode == 0, done.stderr
    assert "FUNCTION" in done.stdout
    assert "duration" in done.stdout


def test_kprobe_requires_function_arg(lesson):
    done = hello(lesson)
    assert done.returncode != 0
    assert "FUNCTION" in done.stderr, done.stderr


@pytest.mark.usefixtures("traceable_kernel")
def test_kprobe_attaches_to_kernel_function(lesson):
    done = hello(lesson, "do_sys_openat2", "-d", "1")
    assert done.returncode == 0, done.stderr
    assert "Attached kprobe to: do_sys_openat2" in done.stdout
    assert "Kprobe detached. Exiting." in done.stdout


@pytest.mark.usefixtures("traceable_kernel")
def test_kprobe_shows_events(lesson):
    with opening_files():
        done = hello(lesson, "do_sys_openat2", "-d", "2")
    assert done.returncode == 0, done.stderr
    assert "kprobe triggered!" in done.stdout


@pytest.mark.usefixtures("traceable_kernel")
def test_kprobe_respects_duration(lesson):
    start = time.monotonic()
    done = hello(lesson, "do_sys_openat2", "-d", "1")
    elapsed = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert 1 <= elapsed <= 8, "1 s, plus the start of Python, which is slow under emulation"


@pytest.mark.usefixtures("traceable_kernel")
def test_kprobe_invalid_function(lesson):
    done = hello(lesson, "nonexistent_function_xyz123", "-d", "1")
    assert done.returncode == 1
    assert "nonexistent_function_xyz123" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
