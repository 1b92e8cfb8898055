"""C text: declarations, names, order, and protection of the compiler from hostile names."""

import re

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import declaration
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.ctext.names import KEYWORDS, NameSpace, identifier
from rawbpf.errors import FormatError
from tests.support.btf_records import EVERY_KIND, INT, btf
from tests.support.clang import btf_of, clang

CHAR = t.Int("char", 1, 8, 1)


def header(*records, roots=None):
    """Return the definitions without guards and pragmas."""
    text = "".join(c_header(btf(*records), roots))
    return text.split("#endif\n\n", 1)[1].rsplit("#if defined(__bpf__)", 1)[0].rstrip()


def compiles(text, *options, **choice):
    return clang("-target", "bpf", "-fsyntax-only", "-x", "c", *options, "-", text=text, **choice)


@pytest.mark.parametrize(
    ("chain", "declared"),
    [
        ([t.Ptr(1)], "int *x"),
        ([t.Ptr(3), t.Ptr(1)], "int **x"),
        ([t.Const(3), t.Ptr(1)], "int *const x"),
        ([t.Ptr(3), t.Const(1)], "const int *x"),
        ([t.Ptr(3), t.Const(4), t.Volatile(1)], "const volatile int *x"),
        ([t.Restrict(3), t.Ptr(1)], "int *restrict x"),
        ([t.Array(1, 1, 4)], "int x[4]"),
        ([t.Array(3, 1, 2), t.Array(1, 1, 3)], "int x[2][3]"),
        ([t.Array(3, 1, 4), t.Ptr(1)], "int *x[4]"),
        ([t.Ptr(3), t.Array(1, 1, 4)], "int (*x)[4]"),
        ([t.Ptr(3), t.FuncProto(1)], "int (*x)(void)"),
        ([t.Ptr(3), t.FuncProto(0, (t.Param("a", 1), t.Param("", 0)))], "void (*x)(int a, ...)"),
        ([t.Array(3, 1, 2), t.Ptr(4), t.FuncProto(5), t.Ptr(1)], "int *(*x[2])(void)"),
        ([t.Const(3), t.Array(4, 1, 2), t.Const(1)], "const int x[2]"),
        ([t.Ptr(3), t.FuncProto(4), t.Ptr(5), t.FuncProto(1)], "int (*(*x)(void))(void)"),
        ([t.Ptr(3), t.TypeTag("user", 4), t.Const(1)],
         'const int __attribute__((btf_type_tag("user"))) *x'),
        ([t.Ptr(3), t.TypeTag("address_space(1)", 1, True)],
         "int __attribute__((address_space(1))) *x"),
        ([t.Ptr(0)], "void *x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_declarations(chain, declared):
    assert declaration(btf(INT, *chain), 2, "x") == declared
    assert header(INT, *chain, t.Typedef("x", 2), roots=[2 + len(chain)]) == f"typedef {declared};"


def test_declarations_of_named_types():
    opened = btf(
        t.Struct("s", 0, ()), t.Struct("", 0, ()), t.Union("u", 0, ()), t.Enum("e", 4, ()),
        t.Fwd("f"), t.Fwd("g", True), t.Typedef("td", 1), t.FuncProto(1), t.Func("fn", 8),
        t.Var("v", 7), t.Float("double", 8),
    )  # fmt: skip
    said = [declaration(opened, type_id) for type_id in range(1, len(opened))]
    assert said == [
        "struct s", "struct {...}", "union u", "enum e", "struct f", "union g", "td",
        "struct s (void)", "struct s fn(void)", "td v", "double",
    ]  # fmt: skip


def test_numbers_without_c_names():
    """Numbers from Rust, and those whose size differs on BPF."""
    records = (
        t.Int("u32", 4, 32),
        t.Int("i8", 1, 8, 1),
        t.Float("long double", 16),
        t.Int("x", 3, 24),
    )
    uses = [t.Typedef(f"t{i}", i) for i in (1, 2, 3, 4)]
    text = header(*records, *uses)
    assert "typedef unsigned int t1;" in text
    assert "typedef signed char t2;" in text
    assert "typedef struct { unsigned char ___bytes[16]; } __attribute__((aligned(16))) t3;" in text
    assert "typedef struct { unsigned char ___bytes[3]; } t4;" in text
    assert compiles(text) == ""


def test_identifiers():
    for keyword in KEYWORDS:
        assert identifier(keyword) not in KEYWORDS
    for name in ("", "7", "a b", "x;y", 'a"', "größe", "a\0b", "*/", "\\"):
        assert re.fullmatch(r"[A-Za-z_]\w*", identifier(name), re.ASCII)


def test_flavours_have_unique_names():
    names = NameSpace()
    given = [names.get(i, name) for i, name in enumerate(["a", "a", "a___2", "a", "a"])]
    assert len(set(given)) == len(given)
    assert given[:2] == ["a", "a___2"]


def test_every_kind_compiles():
    text = "".join(c_header(btf(*EVERY_KIND)))
    assert compiles(text) == ""
    assert compiles(text, newest=False) == ""


def test_types_with_the_same_name():
    text = header(
        INT,
        t.Struct("s", 4, (t.Member("a", 1, 0),)),
        t.Struct("s", 8, (t.Member("inner", 2, 0), t.Member("b", 1, 32))),
        t.Union("s", 4, (t.Member("c", 1, 0),)),
        t.Typedef("s", 1),
        t.Typedef("A", 1),
        t.Enum("e", 4, (t.Enumerator("A", 1),)),
    )
    assert "struct s {" in text
    assert "struct s___2 {\n\tstruct s inner;" in text
    assert "union s___3 {" in text
    assert "typedef int s;" in text  # tags and other names are in separate name spaces
    assert "A___2 = 1," in text
    assert compiles(text) == ""


def test_definitions_come_before_their_uses():
    text = header(
        t.Struct("a", 8, (t.Member("b", 2, 0), t.Member("p", 3, 0))),
        t.Typedef("b_t", 4),
        t.Ptr(6),
        t.Struct("b", 4, (t.Member("i", 5, 0),)),
        INT,
        t.Struct("c", 8, (t.Member("a", 7, 0),)),
        t.Ptr(1),
    )
    assert text.index("struct b {") < text.index("struct a {")
    assert text.index("struct c;") < text.index("struct a {")
    assert compiles(text) == ""


def test_a_type_that_points_to_itself_needs_no_declaration():
    text = header(t.Struct("n", 8, (t.Member("next", 2, 0),)), t.Ptr(1))
    assert text == "struct n {\n\tstruct n *next;\n};"


def test_a_struct_used_only_in_a_prototype_is_declared_first():
    text = header(t.Typedef("f", 2), t.Ptr(3), t.FuncProto(0, (t.Param("s", 4),)), t.Ptr(5),
                  t.Struct("s", 0, ()))  # fmt: skip
    assert text.startswith("struct s;\n\ntypedef void (*f)(struct s *s);")


def test_pointers_to_arrays_need_complete_elements():
    text = header(t.Struct("a", 8, (t.Member("p", 2, 0),)), t.Ptr(3), t.Array(4, 5, 2),
                  t.Struct("b", 4, ()), INT)  # fmt: skip
    assert text.index("struct b {") < text.index("struct a {")
    assert compiles(text) == ""


def test_a_forward_declaration_refers_to_the_struct_of_its_name():
    text = header(t.Ptr(2), t.Fwd("s"), t.Struct("s", 8, (t.Member("p", 1, 0),)), t.Fwd("u", True),
                  t.Typedef("t", 4))  # fmt: skip
    assert "s___2" not in text
    assert "typedef union u t;" in text
    assert compiles(text) == ""


def test_unnamed_structs_are_written_where_they_are_used():
    inner = t.Struct("", 4, (t.Member("a", 1, 0),))
    outer = t.Struct("s", 8, (t.Member("", 2, 0), t.Member("x", 2, 32)))
    assert header(INT, inner, outer) == (
        "struct s {\n\tstruct {\n\t\tint a;\n\t};\n\tstruct {\n\t\tint a;\n\t} x;\n};"
    )


def test_unnamed_members_of_named_structs():
    """They need -fms-extensions, which the kernel uses since 6.19, but BPF programs do not."""
    inner = t.Struct("inner", 4, (t.Member("a", 1, 0),))
    outer = t.Struct("outer", 4, (t.Member("", 2, 0),))
    text = header(INT, inner, outer)
    assert "struct outer {\n\tstruct {\n\t\tint a;\n\t};\n};" in text
    assert compiles(text + "\nint f(struct outer *o) { return o->a; }\n") == ""


def test_the_constants_of_an_unnamed_enum_are_defined_once():
    enum = t.Enum("", 4, (t.Enumerator("ONE", 1),))
    uses = (t.Struct(f"s{i}", 4, (t.Member("e", 1, 0),)) for i in range(2))
    text = header(enum, *uses)
    assert text.count("ONE") == 1
    assert compiles(text) == ""
    assert header(enum) == "enum {\n\tONE = 1,\n};"


def test_enums_keep_their_size(tmp_path):
    enums = [
        t.Enum("byte", 1, (t.Enumerator("B", 255),)),
        t.Enum("half", 2, (t.Enumerator("H", 65535),)),
        t.Enum("small", 1, (t.Enumerator("S", -128),), signed=True),
        t.Enum("roomy", 2, (t.Enumerator("R", 1),), signed=True),
        t.Enum("word", 4, (t.Enumerator("W", -(1 << 31)),), signed=True),
        t.Enum64("wide", 8, (t.Enumerator("D", (1 << 64) - 1),)),
        t.Enum64("room", 8, (t.Enumerator("M", 1),), signed=True),
        t.Enum64("low", 8, (t.Enumerator("L", -(1 << 63)),), signed=True),
        t.Enum("declared", 4, ()),
    ]
    text = "".join(c_header(btf(*enums)))
    uses = "".join(f"enum {enum.name} used_{enum.name};\n" for enum in enums)
    compiled = {record.name: record for _, record in btf_of(text + uses, tmp_path)}
    for enum in enums[:-1]:
        assert compiled[enum.name].size == enum.size
        assert compiled[enum.name].values == enum.values
        assert compiled[enum.name].signed == enum.signed
    assert compiled["declared"].size == 4


def test_keywords_of_c23():
    text = header(t.Typedef("bool", 2), t.Int("_Bool", 1, 8, 4),
                  t.Enum("", 4, (t.Enumerator("false", 0), t.Enumerator("true", 1))))  # fmt: skip
    text += "\nbool f(void) { return true; }\n"
    for standard in ("gnu11", "gnu17", "c23"):
        assert compiles(text, f"-std={standard}") == ""


def test_bitfields_without_kind_flag():
    flag = t.Int("unsigned int", 4, bits=3)
    text = header(flag, t.Struct("s", 4, (t.Member("a", 1, 0), t.Member("b", 1, 3))))
    assert text == "struct s {\n\tunsigned int a: 3;\n\tunsigned int b: 3;\n};"


def test_kfuncs_are_declared():
    proto = t.FuncProto(1, (t.Param("p", 3),))
    tags = t.DeclTag("bpf_kfunc", 5), t.DeclTag("other", 5), t.DeclTag("bpf_kfunc", 5)
    text = header(INT, t.Struct("s", 0, ()), t.Ptr(2), proto, t.Func("bpf_do", 4), *tags)
    assert text.count("extern int bpf_do(struct s *p) __weak __ksym;") == 1
    assert compiles(text) == ""


def test_selected_functions_and_variables():
    records = INT, t.FuncProto(1, (t.Param("a", 1),)), t.Func("f", 2), t.Var("v", 1)
    assert header(*records, roots=[3, 4]) == "extern int f(int a);\n\nextern int v;"


def test_only_needed_types_are_written():
    records = INT, t.Struct("a", 4, (t.Member("i", 1, 0),)), t.Struct("b", 4, ())
    assert "struct b" not in header(*records, roots=[2])


def test_names_reach_the_compiler_only_as_identifiers():
    evil = 'x; } int main() { __asm__("evil"); } /*'
    records = [
        INT,
        t.Struct(evil, 4, (t.Member(evil, 1, 0),)),
        t.Enum(evil, 4, (t.Enumerator(evil, 0),)),
        t.Typedef(evil, 1),
        t.Int(evil, 4, 32),
        t.Typedef("uses", 5),
        t.TypeTag(evil, 1),
        t.TypeTag(f"aligned(4))) {evil}", 1, True),
        t.Ptr(7),
        t.Ptr(8),
        t.Typedef("tagged", 9),
        t.Typedef("attributed", 10),
        t.FuncProto(1, (t.Param(evil, 1),)),
        t.Func(evil, 13),
        t.DeclTag("bpf_kfunc", 14),
        t.Fwd(evil),
    ]
    text = header(*records)
    assert "evil" in text
    assert re.search(r'["(;/]\s*evil', text) is None
    assert "__asm__(" not in text


def wild(cls, levels, *innermost):
    """Return types that each have two members of the next one: 2 ** levels in all."""
    first = len(innermost) + 1
    return [
        cls("", 4, (t.Member("a", first + i + 1, 0), t.Member("b", first + i + 1, 0)))
        for i in range(levels)
    ]


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([t.Struct("s", 4, (t.Member("s", 1, 0),))], id="a struct in itself"),
        pytest.param([t.Typedef("x", 1)], id="a typedef of itself"),
        pytest.param([t.Typedef("x", 2), t.Ptr(1)], id="a pointer to its own typedef"),
        pytest.param([t.Typedef("x", 2), t.Const(3), t.Const(2)], id="const const const"),
        pytest.param([t.Typedef("x", 2), t.Ptr(2)], id="a pointer to itself"),
        pytest.param(
            [t.Typedef("x", 2), t.FuncProto(0, (t.Param("f", 2),))], id="a parameter of its own"
        ),
        pytest.param(
            [t.Typedef("x", 2), t.Struct("", 0, (t.Member("", 2, 0),))], id="unnamed in itself"
        ),
        pytest.param([t.Struct("s", 4, (t.Member("v", 0, 0),))], id="a void member"),
        pytest.param([t.Struct("s", 4, (t.Member("f", 2, 0),)), t.Func("f", 0)], id="a function"),
        pytest.param([t.Struct("s", 4, (t.Member("x", 9, 0),))], id="no such type"),
        pytest.param([t.Struct("s", 4, (t.Member("x", 2, 0),)), t.Fwd("f")], id="a forward"),
        pytest.param([t.Typedef("x", 2), t.Var("v", 1)], id="a variable as a type"),
        pytest.param([t.Typedef("x", 2), *wild(t.Union, 30, 0), INT], id="2 ** 30 unions"),
        pytest.param(
            [t.Typedef("x", 2)]
            + [t.FuncProto(0, (t.Param("", i + 3), t.Param("", i + 3))) for i in range(30)]
            + [INT],
            id="2 ** 30 parameters",
        ),
    ],
)
def test_damage(records):
    with pytest.raises(FormatError):
        header(*records)


def test_chains_longer_than_pythons_stack():
    """2,000 structs, each of which contains the next one."""
    count = 2000
    records = [
        *(t.Struct(f"s{i}", 4, (t.Member("x", i + 2, 0),)) for i in range(count)),
        INT,
    ]
    assert len(re.findall(r"^struct s\d+ \{", header(*records), re.MULTILINE)) == count
