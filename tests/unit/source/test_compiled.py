"""Assembly that clang writes yields the same programs and data as the object that clang writes."""

import pytest

from rawbpf.cli.main import main
from rawbpf.elf.object import open_object
from rawbpf.errors import AssemblyError
from rawbpf.source.assembler import assemble
from tests.support.clang import clang

SOURCE = """
#define SEC(name) __attribute__((section(name), used))
static unsigned (*random)(void) = (void *)7;
static long (*printk)(const char *text, unsigned size, ...) = (void *)6;
int limit = 7; const int fixed = 3; long total; static char text[] = "hi\\n";
static __attribute__((noinline)) int twice(int x) { return x + random(); }
__attribute__((noinline)) int shared(int x) { return x * random(); }
SEC("xdp") int drop(int *c)
{ static long runs; total += ++runs; return twice(limit) > fixed + text[*c & 1] ? 2 : shared(*c); }
SEC("kprobe/do_exit") int ends(int *c) { char local[] = "x"; printk(local, 2); return total; }
char l[] SEC("license") = "GPL";
"""


def both(tmp_path, *options):
    """Return the object that clang writes, and the object from clang's assembly."""
    made, text = tmp_path / "a.o", tmp_path / "a.s"
    for kind, path in (("-c", made), ("-S", text)):
        words = ("-target", "bpf", "-O2", "-x", "c", kind, "-", "-o", str(path), *options)
        clang(*words, text=SOURCE)
    return open_object(made.read_bytes()), assemble(text.read_text(), "a.s")


def bare(spec):
    return {
        name: (one.section, [ins._replace(source=None) for ins in one.code.instructions])
        for name, one in spec.programs.items()
    }


@pytest.mark.parametrize("cpu", ["v1", "v3", "v4"])
@pytest.mark.parametrize("debug", ["-g0", "-g"])
def test_the_assembly_of_clang_is_its_object(tmp_path, cpu, debug):
    theirs, ours = both(tmp_path, f"-mcpu={cpu}", debug)
    assert bare(ours) == bare(theirs)
    assert ours.license == theirs.license == "GPL"
    assert {n: d.contents for n, d in ours.data.items()} == {
        n: d.contents for n, d in theirs.data.items()
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('.section .maps,"aw",@progbits', "maps are described by the compiler's BTF"),
        ('.section mydata,"aw",@progbits', "unknown data section 'mydata'"),
        ('.section odd,"ax",@progbits\n.globl f\nf: exit', "section 'odd' of 'f' does not"),
    ],
)
def test_sections_that_cannot_be_assembled(text, said):
    with pytest.raises(AssemblyError, match=said):
        assemble(text)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("r0 = 0; exit;", ["r0 = 0", "exit"]),
        ("r0 = 0;exit", ["r0 = 0", "exit"]),
        ("r0 = 0 ; r1 = 2 ; r2 = 3", ["r0 = 0", "r1 = 2", "r2 = 3"]),
        ("r0 = 0 ; the exit", ["r0 = 0"]),
        ("; r0 = 0", []),
        ("r0 = 0 # ; exit", ["r0 = 0"]),
        ("r0 = 0; # exit", ["r0 = 0"]),
    ],
)
def test_semicolons_separate_instructions_as_in_llvm(tmp_path, capsys, line, texts):
    path = tmp_path / "a.bpf.s"
    path.write_text(f'.program p, "socket"\n{line}\nexit\n')
    made = tmp_path / "a.o"
    assert main(["asm", str(path), "-o", str(made)]) == 0
    capsys.readouterr()
    assert main(["disasm", str(made), "--no-source"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row[33:].strip() for row in rows] == [*texts, "exit"]


def test_a_typing_error_before_the_last_semicolon_is_no_comment():
    with pytest.raises(
        AssemblyError, match=r"a.s:2:9: unknown instruction 'exti'; expected 'exit'"
    ):
        assemble('.program p, "socket"\nr0 = 0; exti;', "a.s")
