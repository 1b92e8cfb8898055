"""Every command reports an unreadable file in the same words, and exits with 2."""

import os
import threading
from pathlib import Path

import pytest

from rawbpf.cli.main import COMMANDS, main
from rawbpf.errors import FormatError, UsageError
from rawbpf.input_file import open_input, read_input, read_text

READERS = {
    "asm": ["asm", "FILE", "-o", "/dev/null"],
    "btf dump": ["btf", "dump", "FILE"],
    "btf show": ["btf", "show", "--from", "FILE", "int"],
    "disasm": ["disasm", "FILE"],
    "inspect": ["inspect", "FILE"],
    "load": ["load", "FILE"],
    "relocate": ["relocate", "FILE"],
    "relocate --btf": ["relocate", "bpf_src/core_fields.bpf.c", "--btf", "FILE"],
    "replay": ["replay", "FILE"],
    "run": ["run", "FILE"],
    "run-local": ["run-local", "FILE"],
    "step": ["step", "FILE"],
    "step --commands": ["step", "bpf_src/hello_kprobe.bpf.s", "--commands", "FILE"],
    "verify": ["verify", "FILE"],
    "verify --diff": ["verify", "FILE", "--diff", "6.1,7.2"],
}
"""A command line for each argument and option that names an input file."""

PLAIN = [one for one in READERS if "--" not in one and "show" not in one]
NAMES = ("x.bpf.s", "x.bpf.o", "x.bpf.c", "x.py", "x")
EVERY_BYTE = bytes(range(255, -1, -1)) * 16
NOT_TAKEN = {("asm", "x.bpf.c")}  # asm does not read C


def said_of(words, file, capsys):
    status = main([str(file) if word == "FILE" else word for word in words])
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    return status, line


def test_every_command_that_reads_a_file_is_listed():
    taking = set()
    for name, command in COMMANDS.items():
        usage = __import__(command.module, fromlist=["USAGE"]).USAGE
        if " FILE" in usage.partition("Options:")[0] or "SOURCE" in usage.partition("Options:")[0]:
            taking.add(name)
    assert taking <= {one.split()[0] for one in READERS} | {"guest", "narrate", "gallery", "list"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", READERS)
def test_an_unreadable_file_is_a_usage_error_in_one_line(command, name, tmp_path, capsys):
    if (command, name) in NOT_TAKEN:
        return
    file = tmp_path / name
    assert said_of(READERS[command], file, capsys) == (
        2,
        f"rawbpf: cannot read {file}: No such file or directory",
    )
    file.mkdir()
    assert said_of(READERS[command], file, capsys) == (
        2,
        f"rawbpf: cannot read {file}: Is a directory",
    )
    file.rmdir()
    os.mkfifo(file)
    status, line = said_of(READERS[command], file, capsys)
    assert (status, line) == (
        2,
        f"rawbpf: cannot read {file}: the file is a FIFO without a writer",
    )


@pytest.mark.parametrize("command", PLAIN)
def test_an_empty_file_name(command, capsys):
    status, line = said_of(READERS[command], "", capsys)
    assert status == 2
    assert line in ("rawbpf: FILE is empty; name a file", "rawbpf: SOURCE is empty; name a file")


@pytest.mark.parametrize("name", NAMES[:3])
@pytest.mark.parametrize("content", [b"", bytes(5000), EVERY_BYTE, b"no program\n"])
@pytest.mark.parametrize("command", PLAIN)
def test_invalid_contents_are_reported_in_one_line_that_names_the_file(
    command, content, name, tmp_path, capsys
):
    if (name == "x.bpf.c" and content in (b"", b"no program\n")) or (command, name) in NOT_TAKEN:
        return  # clang reports these
    file = tmp_path / name
    file.write_bytes(content)
    status = main([str(file) if word == "FILE" else word for word in READERS[command]])
    shown = capsys.readouterr()
    if status:
        assert f"{name}" in shown.err.splitlines()[0]
        assert shown.err.count("rawbpf: ") == 1
    else:
        assert not content
    assert "Traceback" not in shown.err
    assert max(map(len, shown.err.splitlines() or [""])) < 300


def test_a_fifo_with_a_writer(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(b"text",))
    writer.start()
    while True:
        try:
            assert read_input(fifo) == b"text"
            break
        except UsageError:  # the writer has not opened it yet
            continue
    writer.join()


def test_files_that_are_too_large_or_contain_zero_bytes(tmp_path):
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_input("/dev/zero", 1 << 20)
    with pytest.raises(UsageError, match="cannot read 'a"):
        open_input("a\0b")
    file = tmp_path / "text"
    file.write_bytes(b"abc\0")
    with pytest.raises(FormatError, match="the file contains a zero byte at offset 0x3"):
        read_text(file)
    file.write_bytes(b"caf\xe9")
    assert read_text(Path(file)) == "caf\udce9"
