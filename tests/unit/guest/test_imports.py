"""The guest runs before anything else of rawbpf works, so it imports little."""

import ast
import sys
from pathlib import Path

import rawbpf.guest

ROOT = Path(rawbpf.guest.__file__).parent
ALLOWED = (
    "rawbpf.guest",
    "rawbpf.errors",
    "rawbpf.arch",
    "rawbpf.user_cache",
    "rawbpf.command_words",
)


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def is_allowed(name):
    return name.startswith(ALLOWED) or name.partition(".")[0] in sys.stdlib_module_names


def test_the_guest_imports_only_errors_arch_and_the_standard_library():
    found = {name for file in ROOT.rglob("*.py") for name in imported(file)}
    assert len(found) > 100
    assert {name for name in found if not is_allowed(name)} == set()
