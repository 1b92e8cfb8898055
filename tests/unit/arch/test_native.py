"""The record of the running machine, and that only rawbpf.arch calls uname(2)."""

import ast
import os
from pathlib import Path

import pytest

import rawbpf
from rawbpf.arch import ARCHITECTURES, ARM64, X86_64, kernel_release, named, native, of_release
from rawbpf.errors import UnsupportedError, UsageError

ROOT = Path(rawbpf.__file__).parent
ASKED = {("os", "uname"), ("sys", "platform"), ("os", "name")}


def machine(monkeypatch, name):
    monkeypatch.setattr("os.uname", lambda: type("Names", (), {"machine": name}))


def asks(tree):
    """Yield the lines in which a module uses uname(2), directly or through another module."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in ASKED:
                yield node.lineno
            case ast.Attribute(value=ast.Name(id="platform")):
                yield node.lineno
            case ast.ImportFrom(module=str(module)):
                if module == "platform" or any((module, one.name) in ASKED for one in node.names):
                    yield node.lineno
            case ast.Import() if any(one.name == "platform" for one in node.names):
                yield node.lineno


def test_no_other_module_calls_uname():
    found = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in ROOT.rglob("*.py")
        for line in asks(ast.parse(file.read_text()))
    }
    assert {place.partition(":")[0] for place in found} == {"arch/__init__.py"}


@pytest.mark.parametrize(
    "code",
    ["import os\nos.uname()", "from os import uname", "import platform", "sys.platform",
     "from platform import machine", "platform.machine()"],
)  # fmt: skip
def test_the_search_finds_each_way_to_call_uname(code):
    assert list(asks(ast.parse(code)))


@pytest.mark.parametrize("arch", ARCHITECTURES.values(), ids=lambda arch: arch.name)
def test_the_record_is_selected_by_uname(monkeypatch, arch):
    machine(monkeypatch, arch.machine)
    assert native() is arch


def test_an_unknown_machine(monkeypatch):
    machine(monkeypatch, "riscv64")
    with pytest.raises(UnsupportedError, match=r"'riscv64'.*x86-64 or arm64"):
        native()
    assert native(X86_64) is X86_64


@pytest.mark.parametrize("arch", ARCHITECTURES.values(), ids=lambda arch: arch.name)
def test_an_architecture_has_three_names(arch):
    assert named(arch.name) is named(arch.machine) is named(arch.debian) is arch


@pytest.mark.parametrize("name", ["", "ARM64", "riscv64", "arm"])
def test_an_unknown_name(name):
    with pytest.raises(UsageError, match=f"unknown architecture '{name}'; use x86-64 or arm64"):
        named(name)


def test_a_debian_kernel_names_its_architecture():
    assert of_release("6.1.0-50-cloud-arm64") is ARM64
    assert of_release("6.12.117+deb13-rt-amd64") is X86_64


@pytest.mark.parametrize("arch", ARCHITECTURES.values(), ids=lambda arch: arch.name)
def test_other_kernels_are_for_this_machine(monkeypatch, arch):
    machine(monkeypatch, arch.machine)
    assert of_release("6.9.0-custom") is arch


def test_kernel_release():
    assert kernel_release() == os.uname().release


def test_both_records_have_the_same_calls():
    assert X86_64.syscalls.keys() == ARM64.syscalls.keys()
