from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.kernel.kallsyms import Kallsyms, Symbol

TEXT = b"""\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81a3c2f0 T vfs_read
ffffffff81a3c400 t helper
ffffffff81a3c500 t helper.isra.0
ffffffff81a3c600 W weak_one
ffffffff82000000 D vfs_data
ffffffffc0412000 t helper\t[nf_tables]
ffffffffc0500000 t bpf_prog_0123456789abcdef_hello\t[bpf]
"""

names = st.text("abc_.$0", min_size=1, max_size=8)
symbols = st.builds(
    Symbol,
    address=st.integers(0, (1 << 64) - 1),
    type=st.sampled_from("tTwWdDbBA"),
    name=names,
    module=st.none() | st.text("abc_", min_size=1, max_size=5),
)


def as_kernel_writes(listed):
    rows = (
        f"{s.address:016x} {s.type} {s.name}" + (f"\t[{s.module}]" if s.module else "")
        for s in listed
    )
    return "".join(row + "\n" for row in rows).encode()


@given(st.lists(symbols, max_size=20), names)
def test_lookup_agrees_with_a_full_parse(listed, name):
    kernel = Kallsyms(as_kernel_writes(listed))
    assert list(kernel) == listed
    assert kernel.lookup(name) == [s for s in listed if s.name == name]


@given(st.lists(symbols, max_size=20), st.integers(0, 3))
def test_at_returns_all_names_of_an_address(listed, address):
    listed = [s._replace(address=s.address % 4) for s in listed]
    kernel = Kallsyms(as_kernel_writes(listed))
    assert kernel.at(address) == [s for s in listed if s.address == address]


def test_the_last_line_may_lack_its_newline():
    kernel = Kallsyms(TEXT.rstrip(b"\n"))
    assert len(kernel.lookup("bpf_prog_0123456789abcdef_hello")) == 1
    assert Kallsyms(b"ff T vfs_read").lookup("vfs_read")[0].address == 0xFF


@pytest.mark.parametrize("name", ["", " ", "vfs_rea", "fs_read", "vfs_read ", "T", "helper.isra"])
def test_other_parts_of_a_line_are_not_names(name):
    assert Kallsyms(TEXT).lookup(name) == []


@pytest.mark.parametrize("name", [".*", "vfs_read\n", "vfs\0", "\udcff", "é", "x" * 10_000])
def test_names_are_not_patterns(name):
    assert Kallsyms(TEXT).lookup(name) == []


OTHERS = b"""\
ffffffff81a3c700 t vfs_read.cold
ffffffff81a3c710 t __pfx_vfs_read
ffffffff81b00000 T _etext
ffffffff82000010 T jiffies
ffffffff83000000 T start_kernel
"""


def test_function_names():
    names = Kallsyms(TEXT + OTHERS).function_names()
    assert names == [
        "_stext", "_text", "vfs_read", "helper", "helper.isra.0", "weak_one", "helper",
        "bpf_prog_0123456789abcdef_hello",
    ]  # fmt: skip


def test_code_end_is_unknown_without_addresses():
    zeros = b"0000000000000000 T vfs_read\n0000000000000000 T _etext\n0000000000000000 T last\n"
    assert Kallsyms(zeros).function_names() == ["vfs_read", "_etext", "last"]
    assert Kallsyms(TEXT).function_names()[0] == "_stext"


def test_hidden_means_code_at_address_zero():
    assert not Kallsyms(TEXT).hidden
    zeros = b"".join(b"0" * 16 + line[16:] + b"\n" for line in TEXT.splitlines())
    assert Kallsyms(zeros).hidden
    assert Kallsyms(zeros).lookup("vfs_read"), "hidden is not absent"
    assert not Kallsyms(b"").hidden


@pytest.mark.parametrize("line", [b"zz T name", b"ff T", b"", b"ff T name [m] x", b"\xff\xfe"])
def test_malformed_lines_are_errors(line):
    with pytest.raises(FormatError, match="invalid line in kallsyms"):
        list(Kallsyms(b"ff T good\n" + line + b"\nff T good\n"))


@given(st.binary(max_size=60), names)
def test_any_bytes_give_symbols_or_a_format_error(data, name):
    kernel = Kallsyms(data)
    for read in (lambda: list(kernel), lambda: kernel.lookup(name), lambda: kernel.at(0)):
        with suppress(FormatError):
            assert all(isinstance(symbol, Symbol) for symbol in read())
    assert kernel.hidden in (True, False)
    assert len(kernel.near(name)) <= 3
