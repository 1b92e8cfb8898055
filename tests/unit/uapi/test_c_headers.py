"""Numbers, offsets and sizes against the C headers, with a C compiler."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rawbpf.uapi import bpf, perf_event
from tests.support.layouts import fields

PERF_NUMBERS = [name for name in perf_event.__all__ if name.isupper()]
BPF_NUMBERS = [name for name in bpf.__all__ if name.isupper()]
ENUMS = [
    *(getattr(bpf, name) for name in bpf.__all__ if name.islower() and "flags" not in name),
    perf_event.perf_event_ioc,
]


@pytest.fixture(scope="module")
def compiler():
    found = shutil.which("gcc") or shutil.which("clang")
    if not found:
        if os.environ.get("CI"):
            pytest.fail("CI needs a C compiler")
        pytest.skip("no C compiler: apt-get install gcc libc6-dev linux-libc-dev")
    return found


def compile_c(compiler: str, lines: list[str], folder: Path) -> str:
    """Compile, and return the errors."""
    source = folder / "layout.c"
    heads = "stddef.h", "linux/bpf.h", "linux/perf_event.h", "linux/version.h", "sys/ioctl.h"
    source.write_text("".join(f"#include <{head}>\n" for head in heads) + "\n".join(lines) + "\n")
    command = [compiler, "-std=gnu11", "-fmax-errors=0", "-fsyntax-only", str(source)]
    if "clang" in compiler:
        command[2] = "-ferror-limit=0"
    plain = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, env=plain).stderr


@pytest.fixture(scope="module")
def header_release(compiler, tmp_path_factory):
    folder = tmp_path_factory.mktemp("version")
    (folder / "v.c").write_text("#include <linux/version.h>\nLINUX_VERSION_CODE\n")
    out = subprocess.run([compiler, "-E", "-P", "v.c"], cwd=folder, capture_output=True, text=True)
    code = int(out.stdout.split()[-1])
    return code >> 16, code >> 8 & 0xFF


def test_offsets_and_sizes(compiler, header_release, tmp_path):
    lines = []
    for struct, name, c_type, path in fields(header_release):
        field = getattr(struct, name)
        for what, value in (
            (f"offsetof({c_type}, {path})", field.offset),
            (f"sizeof((({c_type} *)0)->{path})", field.size),
        ):
            lines.append(f'_Static_assert({what} == {value}, "{struct.__name__}.{name}");')
    assert len(lines) > 200
    assert compile_c(compiler, lines, tmp_path) == ""


def test_numbers(compiler, tmp_path):
    lines = [f"_Static_assert({n} == {getattr(bpf, n)}u, {n!r});" for n in BPF_NUMBERS]
    lines += [f"_Static_assert({n} == {getattr(perf_event, n)}, {n!r});" for n in PERF_NUMBERS]
    assert len(lines) > 10
    assert compile_c(compiler, [line.replace("'", '"') for line in lines], tmp_path) == ""


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_enumerators(compiler, enum, tmp_path):
    """Names that the header lacks must have higher numbers than all it has."""
    members = enum.__members__  # the second names of a number included
    lines = [f'_Static_assert({name} == {one.value}, "{name}");' for name, one in members.items()]
    errors = compile_c(compiler, lines, tmp_path)
    unknown = set(re.findall(r"'(\w+)' undeclared", errors))
    wrong = [line for line in errors.splitlines() if "static assertion failed" in line]
    assert wrong == []
    known = [one.value for name, one in members.items() if name not in unknown]
    assert known
    # A new name for an old number (BPF_..._DEPRECATED) is not a new number.
    values = {members[name].value for name in unknown} - set(known)
    assert all(value > max(known) for value in values)


def test_a_wrong_offset_is_detected(compiler, tmp_path):
    line = '_Static_assert(offsetof(union bpf_attr, map_type) == 4, "wrong on purpose");'
    assert "wrong on purpose" in compile_c(compiler, [line], tmp_path)
