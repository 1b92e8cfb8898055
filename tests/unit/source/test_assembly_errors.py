"""Errors in assembly: file, line, column, the line with a caret, and what was expected."""

import pytest

from rawbpf.errors import AssemblyError, UsageError
from rawbpf.source.assembler import assemble, assemble_file

IN_PROGRAM = [
    ("mvo r0, 1", 1, "unknown instruction 'mvo'; expected 'mov'"),
    ("r0 == 1", 4, "unexpected '=='; expected "),
    ("r0 = ", 5, "unexpected end of line; expected "),
    ("r0 = 1 2", 8, "unexpected '2'; expected the end of the line, 'll'"),
    ("r0 = r11", 6, "unknown name 'r11'"),
    ("r0 = w1", 6, "unexpected 'w1'"),
    ("w0 = r1", 6, "unexpected 'r1'"),
    ("r0 = -r1", 7, "unexpected 'r1'; expected the same register as before"),
    ("r0 = *(u33 *)(r1 + 0)", 8, "unexpected 'u33'; expected 'u32'"),
    ("r0 = *(u32 *)(r1 + 40000)", 18, "40000 is out of range; expected a number from -32768"),
    ("r0 = 0x100000000", 6, "2147483647 (or use the 64-bit load: `r1 = NUMBER ll`, `lddw`)"),
    ("r0 = 0x10000000000000000 ll", 6, "18446744073709551616 is out of range"),
    ("r0 = 08", 6, "invalid number '08'; expected decimal, 0x or 0b digits"),
    ("r0 = 1__0", 6, "invalid number '1__0'"),
    ("r0 = " + "9" * 5000, 6, "a number with 5000 digits is too large; expected at most 64 bits"),
    ("r0 = " + "a" * 256, 6, "a name of 256 characters is too long; expected at most 255"),
    ("r0 = 12ab", 6, "unexpected '12ab'"),
    ("r0 = 'abcdefghi'", 6, "is too long (9 bytes); expected at most 8"),
    (r"r0 = '\q'", 6, r"unknown escape \q"),
    ("r0 = \N{GREEK SMALL LETTER PI}", 6, "unexpected "),
    ("if r0 == 0 goto", 16, "unexpected end of line; expected a label, or a distance such as +2"),
    ("if r0 == 0 goto otu\nout: exit", 17, "'p' has no label 'otu'; expected out"),
    ("call ktime_get_n", 6, "unknown function or helper 'ktime_get_n'; expected ktime_get_ns"),
    ("call local nowhere", 12, "unknown function 'nowhere'; expected the name of a"),
    ("r1 = evnets ll", 6, "unknown name 'evnets'; expected events"),
    ("r1 = map_by_fd(nothing) ll", 16, "unknown name 'nothing'; expected the name of a .map"),
    ("ldxw r1, r2", 10, "unexpected 'r2'; expected '['"),
    ("lock add [r1], 5", 16, "unexpected '5'; expected a register r0-r10"),
    ("a: exit\na: exit", 1, "'a' is already defined; expected another name"),
    ("BPF_ANY: exit", 1, "'BPF_ANY' is already defined"),
    (
        ".quad 5",
        1,
        ".quad outside a data section; expected a .rodata or .data directive before this line",
    ),
    (".equ X, 1\n.equ X, 2", 6, "'X' is already defined as 1"),
    (".equ X, Y", 9, "unknown constant 'Y'"),
    (".equ X, 1 / 0", 11, "division by zero"),
    (".equ X, 1 << 64", 11, "invalid shift by 64; expected 0 to 63"),
    (".equ X, 1 << 63 << 9", 17, "the result does not fit in 64 bits"),
    (".equ X, (1", 11, "unexpected end of line; expected ')'"),
    (".equ X, " + "(" * 99 + "1", 59, "the expression is nested too deeply"),
    (".equ X, 1 +", 12, "unexpected end of line; expected a number"),
    (".equ 5", 6, "unexpected '5'; expected the constant's name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "message"), IN_PROGRAM)
def test_errors_in_code(text, column, message):
    lines = [".map events, array, key=4, value=4, entries=1", '.program p, "xdp"', "r0 = 0"]
    source = "\n".join([*lines, *text.splitlines(), "exit"])
    with pytest.raises(AssemblyError) as caught:
        assemble(source, "x.bpf.s")
    error = caught.value
    assert message in str(error)
    assert (error.file, error.column) == ("x.bpf.s", column)
    assert error.line in range(4, 4 + len(text.splitlines()))
    assert source.splitlines()[error.line - 1].startswith(error.source)
    caret = error.details.splitlines()[1]
    assert caret.index("^") == 4 + column - 1


IN_FILE = [
    ("exit", 1, "instruction outside a program; expected a .program directive before this line"),
    (
        "a: .quad 1",
        1,
        "label outside code and data; expected a .program directive before this line",
    ),
    (".progam p", 1, "unknown directive .progam; expected .program"),
    ('.program p, "mine"\nexit', 13, "section 'mine' does not determine the program type"),
    ('.program p, "xdp"', 1, "'p' is empty; expected instructions"),
    ('.program p, xdp\nexit', 13, "unexpected 'xdp'; expected a section, such as"),
    ('.program p, ""\nexit', 13, "invalid name"),
    ('.program p, "a\\n"\nexit', 13, "invalid name"),
    ('.program p, "xdp", kind=5\nexit', 24, "unknown 'kind'; expected type= or attach="),
    ('.program p, "a", type=xpd\nexit', 23, "unknown 'xpd'; expected BPF_PROG_TYPE_XDP"),
    ('.program p, "xdp"\nexit\n.program p, "xdp"\nexit', 10, "'p' is already defined at x:1"),
    ('.program r1, "xdp"\nexit', 10, "unexpected 'r1'; expected the program's name"),
    ('.program p.q, "xdp"\nexit', 10, "invalid name 'p.q'; expected letters, digits"),
    (".map m", 7, "unexpected end of line; expected the map's type"),
    (".map m, hsah", 9, "unknown map type 'hsah'; expected hash"),
    (".map m, hash, keys=4", 15, "unknown 'keys'; expected key=, value=, entries= or flags="),
    (".map m, hash, key=4, key=4", 22, "'key' is set twice"),
    (".map m, hash, key 4", 19, "'key' has no value; expected '='"),
    (".map m, hash, key=-1", 19, "-1 is out of range; expected 0 to 4294967295"),
    (".map m, hash key=4", 14, "unexpected 'key'; expected the end of the line"),
    (".license GPL", 10, "unexpected 'GPL'; expected a licence"),
    (".rodata 5", 9, "unexpected '5'; expected the end of the line"),
    (".data\n.byte 256", 7, "256 is out of range; expected -128 to 255"),
    (".data\n.byte", 6, "unexpected end of line; expected a number"),
    (".data\n.ascii 5", 8, "unexpected '5'; expected a string"),
    (".data\n.ascii \"a", 8, "unexpected "),
    (".data\n.zero 1 << 40", 7, "1099511627776 is out of range; expected 0 to 67108864"),
    (".data\nx:", 1, "label 'x' is not followed by data; expected data, such as .quad 0"),
    (".data\nx: .byte 1\nx: .byte 2", 1, "'x' is already defined"),
    (".data\nr0 = 0", 1, "instruction outside a program"),
    (".map BPF_ANY, hash", 6, "'BPF_ANY' is a constant; expected another name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "message"), IN_FILE)
def test_errors_in_directives(text, column, message):
    with pytest.raises(AssemblyError) as caught:
        assemble(text, "x")
    assert message in str(caught.value)
    assert caught.value.column == column


def test_the_whole_message():
    with pytest.raises(AssemblyError) as caught:
        assemble('.program p, "xdp"\n\tr0 = r1 + 5', "p.bpf.s")
    error = caught.value
    assert str(error) == "p.bpf.s:2:10: unexpected '+'; expected the end of the line"
    assert error.details == "    \tr0 = r1 + 5\n    \t        ^"


def test_control_characters_are_not_printed():
    with pytest.raises(AssemblyError) as caught:
        assemble("\x1b[2J " + "x" * 1000, "p.bpf.s")
    shown = str(caught.value) + caught.value.details
    assert "\x1b" not in shown
    assert len(shown) < 400


def test_an_error_in_an_included_file_names_that_file(tmp_path):
    (tmp_path / "c.inc").write_text(".equ A, 1\nr0 = 1\n")
    main = tmp_path / "main.bpf.s"
    main.write_text('.include "c.inc"')
    with pytest.raises(
        AssemblyError, match=r"c\.inc:2:1: an included file may contain only constants"
    ):
        assemble_file(main)


@pytest.mark.parametrize("name", ["none.bpf.s", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(UsageError, match="cannot read"):
        assemble_file(tmp_path / name)


def test_a_missing_included_file(tmp_path):
    main = tmp_path / "main.bpf.s"
    main.write_text('\n .include "none.inc"')
    with pytest.raises(AssemblyError, match=r"main\.bpf\.s:2:\d+: cannot read .*none\.inc"):
        assemble_file(main)
