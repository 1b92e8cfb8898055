"""No file name and no file in the current folder becomes code: clang, Python, ELF loaders."""

import ast
import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from rawbpf.cli.verify import diff
from rawbpf.command_words import own_python, path_word
from rawbpf.errors import UsageError
from rawbpf.guest.command import understand
from rawbpf.guest.image.elf import libraries
from rawbpf.source.c.clang import compile_c
from tests.support.peers import peer

ROOT = Path(__file__).parents[2]
SOURCE = (
    'int zero(void) { return 0; }\nchar _license[] __attribute__((section("license"))) = "GPL";\n'
)
PLUGIN = """
#include <fcntl.h>
__attribute__((constructor)) static void loaded(void) { open("loaded", O_CREAT, 0600); }
"""


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plugin(folder):
    """Build a library that leaves a file behind when something loads it."""
    (folder / "plugin.c").write_text(PLUGIN)
    subprocess.run([peer("gcc"), "-shared", "-o", "plugin.so", "plugin.c"], check=True)


def test_the_attack_works_without_protection(in_folder):
    """Otherwise the next test would show nothing."""
    plugin(in_folder)
    (in_folder / "x.c").write_text("-fplugin=./plugin.so plugin.c")
    subprocess.run([peer("clang-19"), "-c", "@x.c"], capture_output=True, check=False)
    assert (in_folder / "loaded").exists()


def test_a_file_is_not_read_as_a_response_file(in_folder):
    plugin(in_folder)
    (in_folder / "x.c").write_text("-fplugin=./plugin.so plugin.c")
    (in_folder / "@x.c").write_text(SOURCE)
    (in_folder / "@y").mkdir()
    (in_folder / "@y" / "y.c").write_text(SOURCE)
    for name in ("@x.c", in_folder / "@x.c", "@y/../@x.c"):
        with pytest.raises(UsageError, match=r"read its arguments from 'x.c'; rename the file"):
            compile_c(Path(name), clang=peer("clang-19"))
    assert compile_c(Path("@y/y.c"), clang=peer("clang-19")).data.startswith(b"\x7fELF")
    assert not (in_folder / "loaded").exists()


@pytest.mark.parametrize("command", ["inspect", "verify", "load", "relocate"])
def test_commands_refuse_such_a_file(in_folder, command, capsys):
    (in_folder / "@x.c").write_text(SOURCE)
    assert main([command, "@x.c"]) == 2
    assert "rename the file" in capsys.readouterr().err


def test_clang_reads_a_response_file_even_behind_a_folder(in_folder):
    """It passes the bare name on to itself; a clang that does not would lift the restriction."""
    (in_folder / "x.c").write_text("name -fno-such-option")
    (in_folder / "@x.c").write_text(SOURCE)
    command = [peer("clang-19"), "-target", "bpf", "-c", "./@x.c"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "unknown argument: '-fno-such-option'" in done.stderr


@pytest.mark.parametrize("name", ["-owritten.c", "--help.c", "-fplugin=plugin.c", "-", "--", "-c"])
def test_a_file_name_is_not_an_option_of_clang(in_folder, name):
    (in_folder / name).write_text(SOURCE)
    before = sorted(in_folder.iterdir())
    if name.endswith(".c"):
        assert compile_c(Path(name), clang=peer("clang-19")).data.startswith(b"\x7fELF")
    else:  # clang does not know the language, and says so about the file
        with pytest.raises(Exception, match=r"cannot compile|not write an object"):
            compile_c(Path(name), clang=peer("clang-19"))
    assert sorted(in_folder.iterdir()) == before


@pytest.mark.parametrize("module", ["json", "docopt", "rawbpf", "runpy", "types"])
def test_python_does_not_import_from_the_current_folder(in_folder, module):
    (in_folder / f"{module}.py").write_text("open('imported', 'w')")
    done = subprocess.run(own_python("rawbpf", "--version"), capture_output=True, text=True)
    assert done.stdout.startswith("rawbpf ")
    assert not (in_folder / "imported").exists()


def test_guests_and_comparisons_start_rawbpf_that_way():
    assert "-P" in understand(["doctor"], {"doctor"}).argv
    arguments = {"FILE": "-x.s", "--program": "-p", "--clang": None, "--skip": ["--log"]}
    assert diff._words(arguments) == ["verify", "./-x.s", "--json", "--program=-p", "--skip=--log"]


def foreign(interpreter):
    """Return an ELF executable that names a loader."""
    name = os.fsencode(interpreter) + b"\0"
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(name), len(name), 1)
    return ident + header + segment + name


def test_the_loader_that_a_foreign_executable_names_is_not_run(in_folder):
    evil = in_folder / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {in_folder}/run\n")
    evil.chmod(0o755)
    for loader in (str(evil), f"/usr/../{evil}"):
        (in_folder / "foreign").write_bytes(foreign(loader))
        assert libraries(in_folder / "foreign", None) == []
    assert not (in_folder / "run").exists()


def python_files():
    found = []
    for file in (*(ROOT / "rawbpf").rglob("*.py"), *(ROOT / "tools").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            first = file.read_text(errors="replace").partition("\n")[0]
            if file.suffix == ".py" or (first.startswith("#!") and "python" in first):
                found.append(file)
    return found


def words_in(tree):
    """Yield the elements of each list or tuple that looks like a command line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.List, ast.Tuple)):
            constants = [one.value for one in node.elts if isinstance(one, ast.Constant)]
            if any(isinstance(one, str) and one.startswith("-") for one in constants):
                yield node.elts


def starts_programs(tree):
    names = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return any(
        name.startswith(("subprocess.", "os.exec", "os.spawn", "os.posix_spawn")) for name in names
    )


@pytest.mark.parametrize("file", python_files(), ids=lambda file: file.name)
def test_paths_and_modules_on_command_lines_go_through_one_place(file):
    """``str(path)`` needs path_word(), and ``-m`` needs own_python()."""
    tree = ast.parse(file.read_text())
    text = ast.unparse(tree)
    assert not re.search(r"os\.system|os\.popen|shell=True", text)
    if file.name == "command_words.py" or not starts_programs(tree):
        return
    for words in words_in(tree):
        shown = [ast.unparse(one) for one in words]
        previous = ""
        for word in shown:
            alone = re.fullmatch(r"str\((?!Path\(__file__\)).*\)", word)
            # clang, gcc, QEMU and docopt take the word after such an option for its value
            assert not alone or previous.startswith("'-"), f"{word}: use path_word()"
            previous = word
        if "sys.executable" in shown and ("'-m'" in shown or "'-c'" in shown):
            # pytest finds the user's own modules in the current folder
            assert "'-P'" in shown or "'pytest'" in shown, f"{shown}: use own_python()"


def test_the_shell_scripts_start_python_without_the_current_folder():
    for script in (ROOT / "tools").rglob("*"):
        if script.is_file() and "bash" in script.read_text(errors="replace")[:40]:
            for found in re.findall(r'"\$(?:python|base|candidate)" (-\S+)', script.read_text()):
                assert found == "-P", script


def test_an_ordinary_path_is_unchanged():
    assert path_word(Path("bpf_src/x.bpf.c")) == "bpf_src/x.bpf.c"
