"""BPF objects from Debian's packages, downloaded by tools/fetch-objects."""

import os
from pathlib import Path

import pytest

from rawbpf.collection.object_source import embedded_objects, is_bpf


def folder() -> Path:
    """Return the folder named by RAWBPF_OBJECTS. Without it, skip the test, or fail if required."""
    named = os.environ.get("RAWBPF_OBJECTS", "")
    if named and Path(named, "origin").exists():
        return Path(named)
    reason = "needs tools/fetch-objects, and RAWBPF_OBJECTS to say where they are"
    if named or os.environ.get("RAWBPF_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
    raise AssertionError  # not reached: absent() raises


def files(package: str) -> dict[str, Path]:
    """Return the objects of a package, or the executables that contain them, by name."""
    return {path.name: path for path in sorted((folder() / package).iterdir())}


def objects(path: Path) -> list[bytes]:
    """Return the object in a file, or the objects embedded in an executable."""
    data = path.read_bytes()
    return [data] if is_bpf(data) else [one.data for one in embedded_objects(data)]
