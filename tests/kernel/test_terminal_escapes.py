"""Escape sequences in an object's source lines never reach the terminal."""

import pytest

from rawbpf.cli.main import main

pytestmark = pytest.mark.no_probe

PROGRAMS = """
.license "GPL"
.map hits, hash, key=u32, value=u64, entries=16
.program count, "socket"
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
{check}
        r0 = *(u64 *)(r0 + 0)           ; EVIL
        exit
"""
EVIL = b"\x1b[2J"


def evil_object(tmp_path, check):
    source, built = tmp_path / "evil.bpf.s", tmp_path / "evil.bpf.o"
    source.write_text(PROGRAMS.format(check=check))
    assert main(["asm", str(source), "-o", str(built)]) == 0
    data = built.read_bytes()
    assert b"EVIL" in data
    built.write_bytes(data.replace(b"EVIL", EVIL))
    return str(built)


def shown(capfd, *words):
    main([*words])
    text = "".join(capfd.readouterr())
    assert "\x1b" not in text
    return text


@pytest.mark.parametrize(
    "words", [["load"], ["load", "-v"], ["run", "-d", "1"], ["verify"], ["verify", "--log"],
              ["verify", "--path"]],
)  # fmt: skip
def test_source_lines_of_a_rejected_program(words, tmp_path, capfd):
    command, *options = words
    text = shown(capfd, command, evil_object(tmp_path, ""), *options)
    assert "\\x1b[2J" in text


@pytest.mark.parametrize("options", [[], ["--log"], ["--path"]])
def test_source_lines_of_an_accepted_program(options, tmp_path, capfd):
    check = "        if r0 != 0 goto +1\n        exit"
    text = shown(capfd, "verify", evil_object(tmp_path, check), *options)
    assert "\\x1b[2J" in text


def test_the_path_of_a_pin(tmp_path, capfd):
    check = "        if r0 != 0 goto +1\n        exit"
    text = shown(capfd, "load", evil_object(tmp_path, check), "--pin", "/sys/fs/bpf/\x1b[2J")
    assert "\\x1b[2J" in text
