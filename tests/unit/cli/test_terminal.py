r"""Text of any origin reaches the terminal only through ``for_terminal``."""

import ast
from pathlib import Path

import pytest

import rawbpf
from rawbpf.btf import strings
from rawbpf.cli.main import main
from rawbpf.cli.terminal import complain, say, write_lines
from rawbpf.cli.tracing.output import Stdout
from rawbpf.errors import RawbpfError
from rawbpf.explanation import Explanation, SourceLine
from rawbpf.output.text import for_terminal, printable

HERE = Path(rawbpf.__file__).parent
EVIL = "\x1b[2J\x9b1m\u202e\rx\x07\udcff"
ALLOWED = {
    # These two modules escape what they write.
    "cli/terminal.py": {"ask", "say", "write_lines", "write_bytes"},
    "cli/tracing/output.py": {"_write_next"},
    "cli/system/doctor_tables.py": {"show_tables"},  # cells are escaped
    # The output of the guest's command passes unchanged, as in ssh.
    "guest/link.py": {"*"}, "guest/streams.py": {"flush"},
    # These write to a function that the caller gives: ``say``, or a file.
    "narration/tell/narrator.py": {"narrated", "sink"},
    "cli/narrate/narrate.py": {"write", "_script"},
    # These write files, pipes and memory.
    "reading/session.py": {"stop"}, "source/c/vmlinux.py": {"_write"},
    "guest/runner.py": {"_initramfs"}, "user_cache.py": {"write_whole"},
    "guest/wire/out.py": {"_make"}, "machine/decode_memory.py": {"*"},
    "narration/replay/memory.py": {"*"}, "narration/replay/promises.py": {"*"},
    "narration/replay/session.py": {"_memory"},
}  # fmt: skip
WRITES = {"write", "writelines", "print"}


def writes():
    """Yield (file, function, line) of every call that may write to a terminal."""
    for path in HERE.rglob("*.py"):
        name = str(path.relative_to(HERE))
        if name.startswith("guest/inside/"):  # runs in the guest
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and _name(node.func) in WRITES:
                        yield name, function.name, node.lineno


def _name(called):
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_no_write_bypasses_the_terminal_module():
    found = [one for one in writes() if not {one[1], "*"} & ALLOWED.get(one[0], set())]
    assert found == []


@pytest.mark.parametrize("colored", [False, True])
def test_every_way_out_escapes(colored, capfd):
    write_lines([f"line {EVIL}"], colored=colored)
    say(f"said {EVIL}")
    source = SourceLine(EVIL, EVIL, 1)
    why = Explanation(EVIL, cause=EVIL, kernel=(EVIL,), source=source, insn=EVIL, slot=1)
    error = RawbpfError(EVIL, details=EVIL)
    error.explanation = why
    complain(error)
    out = Stdout(1)
    out.put(f"event {EVIL}\n")
    out.finish()
    text = "".join(capfd.readouterr())
    assert text.count("\n") > 4
    assert all(line.isprintable() for line in text.replace("\t", "").split("\n"))
    assert text.count("\\x1b[2J\\x9b1m\\u202e\\rx\\x07\\xff") >= 4


def test_colors_stay_only_where_they_are_asked_for():
    text = "\x1b[1mtitle\x1b[0m\x1b[2J"
    assert for_terminal(text, colored=True) == "\x1b[1mtitle\x1b[0m\\x1b[2J"
    assert "\x1b" not in for_terminal(text)


@pytest.mark.parametrize("name", [b"caf\xe9", b"\x1b[2J", b"a\nb", "\u202ex".encode(), b"plain_1"])
def test_names_can_be_typed_as_they_are_shown(name):
    known = strings.decode_name(name)
    assert printable(name) == strings.printable(known) == printable(known)
    assert strings.typed_name(printable(name)) == known


def test_the_stepper_shows_commands_of_a_file_escaped(tmp_path, capfd):
    program, script = tmp_path / "p.bpf.s", tmp_path / "commands"
    program.write_text('.program p, "xdp"\n r0 = 1\n exit\n')
    script.write_text("step\nstep \x1b[2J\n")
    main(["step", str(program), "--commands", str(script)])
    text = "".join(capfd.readouterr())
    assert "\x1b" not in text
    assert "step \\x1b[2J" in text
