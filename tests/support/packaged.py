"""BPF objects that nobody here wrote: those of Debian's packages (tools/fetch-objects)."""

import os
from pathlib import Path

import pytest

from rawbpf.collection.open import embedded_objects, is_bpf


def folder() -> Path:
    """Where they are: RAWBPF_OBJECTS. Without it the tests are skipped, or fail where they must."""
    named = os.environ.get("RAWBPF_OBJECTS", "")
    if named and Path(named, "origin").exists():
        return Path(named)
    reason = "needs tools/fetch-objects, and RAWBPF_OBJECTS to say where they are"
    if named or os.environ.get("RAWBPF_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
    raise AssertionError  # both of them raise


def files(package: str) -> dict[str, Path]:
    """By name, a package's objects or the executables that carry theirs."""
    return {path.name: path for path in sorted((folder() / package).iterdir())}


def objects(path: Path) -> list[bytes]:
    """The object that a file is, or those inside it."""
    data = path.read_bytes()
    return [data] if is_bpf(data) else [one.data for one in embedded_objects(data)]
