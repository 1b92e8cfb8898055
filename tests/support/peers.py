"""Find other programs to compare with. If they are required, a missing one is a failure."""

import os
import shutil
import subprocess

import pytest


def peer(*names: str) -> str:
    """Return the path of the first of these programs that is installed.

    If none is installed, the test is skipped on a developer's machine. It fails in CI (CI=true) or
    with RAWBPF_REQUIRE_PEERS=1.
    """
    for name in names:
        # bpftool and other system programs may be missing from an ordinary user's PATH.
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if found:
            return found
    return absent(f"needs {' or '.join(names)} to compare with")


def library(name: str) -> str:
    """Return the path of a static library, as the C compiler finds it."""
    words = [peer("gcc"), f"-print-file-name={name}"]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    # The compiler prints the bare name if it does not find the library.
    return found if found != name else absent(f"needs {name} to compare with")


def absent(reason: str) -> str:
    """Skip the test, or fail it where such programs are required."""
    if os.environ.get("CI") or os.environ.get("RAWBPF_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
    raise AssertionError  # not reached: both raise
