"""Front doors: sorted, complete, lazy, and free of names that a submodule would shadow."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import rawbpf

ROOT = Path(rawbpf.__file__).parent
DOORS = sorted(
    ".".join(("rawbpf", *path.parent.relative_to(ROOT).parts))
    for path in ROOT.rglob("__init__.py")
    if "front_door(" in path.read_text()
)


def natural(name):
    """The order of RUF022: constants, classes, functions; r2 before r10."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def test_the_packages_that_people_use_have_front_doors():
    names = "asm btf collection core_relo elf links machine maps programs reading tracing verifier"
    assert {f"rawbpf.{name}" for name in names.split()} <= set(DOORS)


@pytest.mark.parametrize("name", DOORS)
def test_all_names_are_sorted_and_come_from_the_module_named(name):
    package = import_module(name)
    assert package.__all__ == sorted(package.__all__, key=natural)
    assert set(package.__all__) == set(package._HOMES)
    assert set(package.__all__) <= set(dir(package))
    for one, home in package._HOMES.items():
        assert getattr(package, one) is getattr(import_module(home), one)


@pytest.mark.parametrize("name", DOORS)
def test_type_checkers_see_the_same_names_from_the_same_modules(name):
    package = import_module(name)
    tree = ast.parse(Path(package.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == package._HOMES


@pytest.mark.parametrize("name", DOORS)
def test_no_public_name_is_also_a_submodule(name):
    """Importing the submodule would replace the name in the package."""
    folder = Path(import_module(name).__file__).parent
    below = {path.stem for path in folder.glob("*.py")} | {
        path.name for path in folder.iterdir() if path.is_dir()
    }
    assert not below & set(import_module(name).__all__)


@pytest.mark.parametrize("name", DOORS)
def test_importing_a_package_imports_none_of_its_modules(name):
    code = f"import sys, {name}; print(*(m for m in sys.modules if m.startswith('{name}.')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    allowed = {"rawbpf.front_door", "rawbpf.light_typing"} | set(DOORS)
    assert set(out.stdout.split()) <= allowed


@pytest.mark.parametrize("name", DOORS)
def test_public_names_are_documented(name):
    package = import_module(name)
    bare = [one for one in package.__all__ if not (getattr(package, one).__doc__ or "").strip()]
    assert bare == []


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Bilder'"):
        import_module("rawbpf.asm").Bilder  # noqa: B018
