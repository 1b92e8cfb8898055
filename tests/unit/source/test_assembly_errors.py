"""Each mistake: file, line, column, the line with a caret, and what was expected."""

import pytest

from rawbpf.errors import AssemblyError, UsageError
from rawbpf.source.assembler import assemble, assemble_file

IN_PROGRAM = [
    ("mvo r0, 1", 1, "'mvo' begins no instruction; expected 'mov'"),
    ("r0 == 1", 4, "'==' does not fit here; expected "),
    ("r0 = ", 5, "the line ends too early; expected "),
    ("r0 = 1 2", 8, "'2' does not fit here; expected the end of the line, 'll'"),
    ("r0 = r11", 6, "'r11' means nothing here"),
    ("r0 = w1", 6, "'w1' does not fit here"),
    ("w0 = r1", 6, "'r1' does not fit here"),
    ("r0 = -r1", 7, "'r1' does not fit here; expected the register that is named before"),
    ("r0 = *(u33 *)(r1 + 0)", 8, "'u33' does not fit here; expected 'u32'"),
    ("r0 = *(u32 *)(r1 + 40000)", 18, "40000 does not fit; expected a number from -32768"),
    ("r0 = 0x100000000", 6, "2147483647 (the 64-bit load `r1 = NUMBER ll`, or `lddw`, takes any)"),
    ("r0 = 0x10000000000000000 ll", 6, "18446744073709551616 does not fit"),
    ("r0 = 08", 6, "'08' is no number; expected decimal, 0x or 0b digits"),
    ("r0 = 1__0", 6, "'1__0' is no number"),
    ("r0 = " + "9" * 5000, 6, "a number of 5000 digits; expected at most 64 bits"),
    ("r0 = " + "a" * 256, 6, "a name of 256 characters; expected at most 255"),
    ("r0 = 12ab", 6, "'12ab' is nothing that I can read"),
    ("r0 = 'abcdefghi'", 6, "has 9 bytes; expected at most 8"),
    (r"r0 = '\q'", 6, r"\q is no escape"),
    ("r0 = \N{GREEK SMALL LETTER PI}", 6, "is nothing that I can read"),
    ("if r0 == 0 goto", 16, "the line ends too early; expected a label, or a distance such as +2"),
    ("if r0 == 0 goto otu\nout: exit", 17, "'p' has no label 'otu'; expected out"),
    ("call ktime_get_n", 6, "'ktime_get_n' is nothing that can be called; expected ktime_get_ns"),
    ("call local nowhere", 12, "the file has no function 'nowhere'; expected the name of a"),
    ("r1 = evnets ll", 6, "'evnets' means nothing here; expected events"),
    ("r1 = map_by_fd(nothing) ll", 16, "'nothing' means nothing here; expected the name of a .map"),
    ("ldxw r1, r2", 10, "'r2' does not fit here; expected '['"),
    ("lock add [r1], 5", 16, "'5' does not fit here; expected a register r0-r10"),
    ("a: exit\na: exit", 1, "'a' is there already; expected another name"),
    ("BPF_ANY: exit", 1, "'BPF_ANY' is there already"),
    (".quad 5", 1, ".quad outside of data; expected .rodata or .data before it"),
    (".equ X, 1\n.equ X, 2", 6, "'X' is 1 already"),
    (".equ X, Y", 9, "'Y' is no constant"),
    (".equ X, 1 / 0", 11, "division by zero"),
    (".equ X, 1 << 64", 11, "a shift by 64; expected 0 to 63"),
    (".equ X, 1 << 63 << 9", 17, "the result does not fit 64 bits"),
    (".equ X, (1", 11, "something is missing; expected ')'"),
    (".equ X, " + "(" * 99 + "1", 59, "this is nested too deep"),
    (".equ X, 1 +", 12, "something is missing; expected a number"),
    (".equ 5", 6, "'5' does not fit here; expected the constant's name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "message"), IN_PROGRAM)
def test_mistakes_in_code(text, column, message):
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
    ("exit", 1, "an instruction outside of code; expected .program before it"),
    ("a: .quad 1", 1, "a label outside of code and data; expected .program before it"),
    (".progam p", 1, "unknown directive .progam; expected .program"),
    ('.program p, "mine"\nexit', 13, "section 'mine' does not say what kind of program this is"),
    ('.program p, "xdp"', 1, "'p' is empty; expected instructions"),
    ('.program p, xdp\nexit', 13, "'xdp' does not fit here; expected a section, such as"),
    ('.program p, ""\nexit', 13, "this is no name"),
    ('.program p, "a\\n"\nexit', 13, "this is no name"),
    ('.program p, "xdp", kind=5\nexit', 24, "unknown 'kind'; expected type= or attach="),
    ('.program p, "a", type=xpd\nexit', 23, "'xpd' is unknown; expected BPF_PROG_TYPE_XDP"),
    ('.program p, "xdp"\nexit\n.program p, "xdp"\nexit', 10, "'p' is defined twice; before at x:1"),
    ('.program r1, "xdp"\nexit', 10, "'r1' does not fit here; expected the program's name"),
    ('.program p.q, "xdp"\nexit', 10, "'p.q' is no name for this; expected letters, digits"),
    (".map m", 7, "something is missing; expected the map's type"),
    (".map m, hsah", 9, "'hsah' is no map type; expected hash"),
    (".map m, hash, keys=4", 15, "unknown 'keys'; expected key=, value=, entries= or flags="),
    (".map m, hash, key=4, key=4", 22, "'key' is given twice"),
    (".map m, hash, key 4", 19, "'key' has no value; expected '='"),
    (".map m, hash, key=-1", 19, "-1 does not fit; expected 0 to 4294967295"),
    (".map m, hash key=4", 14, "'key' does not fit here; expected the end of the line"),
    (".license GPL", 10, "'GPL' does not fit here; expected a licence"),
    (".rodata 5", 9, "'5' does not fit here; expected the end of the line"),
    (".data\n.byte 256", 7, "256 does not fit; expected -128 to 255"),
    (".data\n.byte", 6, "something is missing; expected a number"),
    (".data\n.ascii 5", 8, "'5' does not fit here; expected a string"),
    (".data\n.ascii \"a", 8, "is nothing that I can read"),
    (".data\n.zero 1 << 40", 7, "1099511627776 does not fit; expected 0 to 67108864"),
    (".data\nx:", 1, "nothing follows 'x'; expected data, such as .quad 0"),
    (".data\nx: .byte 1\nx: .byte 2", 1, "'x' is defined twice"),
    (".data\nr0 = 0", 1, "an instruction outside of code"),
    (".map BPF_ANY, hash", 6, "'BPF_ANY' is a constant; expected another name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "message"), IN_FILE)
def test_mistakes_around_code(text, column, message):
    with pytest.raises(AssemblyError) as caught:
        assemble(text, "x")
    assert message in str(caught.value)
    assert caught.value.column == column


def test_the_whole_message():
    with pytest.raises(AssemblyError) as caught:
        assemble('.program p, "xdp"\n\tr0 = r1 + 5', "p.bpf.s")
    error = caught.value
    assert str(error) == "p.bpf.s:2:10: '+' does not fit here; expected the end of the line"
    assert error.details == "    \tr0 = r1 + 5\n    \t        ^"


def test_what_moves_the_cursor_of_a_terminal_is_not_shown_as_it_is():
    with pytest.raises(AssemblyError) as caught:
        assemble("\x1b[2J " + "x" * 1000, "p.bpf.s")
    shown = str(caught.value) + caught.value.details
    assert "\x1b" not in shown
    assert len(shown) < 400


def test_an_included_file_is_named_where_it_is_wrong(tmp_path):
    (tmp_path / "c.inc").write_text(".equ A, 1\nr0 = 1\n")
    main = tmp_path / "main.bpf.s"
    main.write_text('.include "c.inc"')
    with pytest.raises(AssemblyError, match=r"c\.inc:2:1: an included file has only constants"):
        assemble_file(main)


@pytest.mark.parametrize("name", ["none.bpf.s", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(UsageError, match="cannot read"):
        assemble_file(tmp_path / name)


def test_an_included_file_that_is_not_there(tmp_path):
    main = tmp_path / "main.bpf.s"
    main.write_text('\n .include "none.inc"')
    with pytest.raises(AssemblyError, match=r"main\.bpf\.s:2:\d+: cannot read .*none\.inc"):
        assemble_file(main)
