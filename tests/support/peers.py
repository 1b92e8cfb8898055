"""Programs that tests compare with. Where they have to be there, a missing one is a failure."""

import os
import shutil
import subprocess

import pytest


def peer(*names: str) -> str:
    """The path of the first of these programs that is installed.

    Without any, the test is skipped on a developer's machine and fails in CI (CI=true) or where
    RAWBPF_REQUIRE_PEERS=1 says so.
    """
    for name in names:
        # Administrators' programs, bpftool among them, are not in everybody's PATH.
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if found:
            return found
    return absent(f"needs {' or '.join(names)} to compare with")


def library(name: str) -> str:
    """The path of a static library, as the C compiler finds it."""
    words = [peer("gcc"), f"-print-file-name={name}"]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    # What it does not find it repeats.
    return found if found != name else absent(f"needs {name} to compare with")


def absent(reason: str) -> str:
    """Skip the test, or fail it where peers have to be there."""
    if os.environ.get("CI") or os.environ.get("RAWBPF_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
    raise AssertionError  # both of them raise
