"""``rawbpf btf``: sources, names, formats and errors."""

import json
import os
from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.cli.main import main
from rawbpf.cli.objects.btf_source import open_btf
from rawbpf.errors import FormatError, RawbpfError, UnsupportedError, UsageError
from tests.support.btf_records import EVERY_KIND, INT, blob
from tests.support.clang import compile_object

MODULE = t.Struct("mine", 4, (t.Member("i", 1, 0),))


@pytest.fixture
def root(tmp_path):
    """A root directory of a kernel with one module that has BTF."""
    folder = tmp_path / "root/sys/kernel/btf"
    folder.mkdir(parents=True)
    kernel = blob(*EVERY_KIND)
    (folder / "vmlinux").write_bytes(kernel)
    (folder / "nf_tables").write_bytes(blob(MODULE, base=Btf.from_bytes(kernel)))
    return tmp_path / "root"


@pytest.fixture
def raw_file(tmp_path):
    path = tmp_path / "types.btf"
    path.write_bytes(blob(*EVERY_KIND))
    return str(path)


def run(capsys, *words):
    status = main(["btf", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_kernel_and_its_modules(root):
    assert len(open_btf("kernel", root=root)) == 1 + len(EVERY_KIND)
    for name in ("nf_tables", "nf-tables"):
        module = open_btf(name, root=root)
        assert module.find("mine") == MODULE
        assert module.find("pid_t") is not None
    path = root / "sys/kernel/btf/nf_tables"
    assert open_btf(str(path), root=root).find("mine") == MODULE


def test_a_split_file_and_its_base(root, tmp_path):
    copy = tmp_path / "copy"
    copy.write_bytes((root / "sys/kernel/btf/nf_tables").read_bytes())
    with pytest.raises(FormatError, match="without its base"):
        open_btf(str(copy), root=root)
    assert open_btf(str(copy), "kernel", root=root).find("mine") == MODULE


def test_unknown_sources(root):
    with pytest.raises(UsageError, match="did you mean nf_tables"):
        open_btf("nf_table", root=root)
    with pytest.raises(UsageError, match="to specify a type, write: kernel task_struct"):
        open_btf("task_struct", root=root)


def test_a_kernel_without_btf(tmp_path):
    with pytest.raises(UnsupportedError, match="CONFIG_DEBUG_INFO_BTF"):
        open_btf("kernel", root=tmp_path)


def test_unreadable_files(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    said = {tmp_path: "Is a directory", fifo: "FIFO without a writer", Path("/dev/zero"): "MiB"}
    for path, why in said.items():
        with pytest.raises(UsageError, match=f"cannot read .*{why}"):
            open_btf(str(path))


def test_an_object(tmp_path):
    path = compile_object("struct s { int a; } x;", tmp_path / "a.o")
    assert open_btf(str(path)).find("s").size == 4


def test_objects_without_btf_and_damaged_ones(tmp_path):
    path = compile_object("int x;", tmp_path / "a.o")
    data = path.read_bytes()
    path.write_bytes(data.replace(b".BTF\0", b".BTX\0"))
    with pytest.raises(FormatError, match=r"no \.BTF section"):
        open_btf(str(path))
    for length in range(4, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError):
            open_btf(str(path))


def test_formats(capsys, raw_file):
    assert run(capsys, "dump", raw_file)[1].startswith("#ifndef __VMLINUX_H__")
    status, out, _ = run(capsys, "dump", raw_file, "--format", "raw")
    assert (status, out.splitlines()[0]) == (
        0,
        "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
    )
    rows = json.loads(run(capsys, "dump", raw_file, "--format", "json")[1])["types"]
    assert [row["id"] for row in rows] == list(range(1, 1 + len(EVERY_KIND)))


def test_names(capsys, raw_file):
    assert run(capsys, "dump", raw_file, "point", "pid_t", "--format", "raw")[1].splitlines() == [
        "[7] STRUCT 'point' size=8 vlen=2",
        "\t'x' type_id=1 bits_offset=0",
        "\t'y' type_id=1 bits_offset=32",
        "[14] TYPEDEF 'pid_t' type_id=1",
    ]
    rows = json.loads(run(capsys, "dump", raw_file, "union either", "--format", "json")[1])
    assert [row["id"] for row in rows["types"]] == [29]
    out = run(capsys, "dump", raw_file, "pid_t")[1]
    assert "typedef int pid_t;" in out
    assert "struct point" not in out


def test_show(capsys, raw_file):
    status, out, _ = run(capsys, "show", "struct point", "printk", "--from", raw_file)
    assert status == 0
    assert out.splitlines()[0] == "struct point: 8 bytes, 1 cache line, 2 members"
    assert out.splitlines()[-1] == "int printk(void *fmt, ...)"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["show", "poin", "--from", "FILE"], 1, "did you mean point"),
        (["show", "zzz", "--from", "FILE"], 1, "no type, function or variable named 'zzz'"),
        (["show", "enum point", "--from", "FILE"], 1, "no type, function or variable"),
        (["show", "thing point", "--from", "FILE"], 2, "unknown kind 'thing'"),
        (["show", "point", "--depth", "0", "--from", "FILE"], 2, "--depth is '0'"),
        (["show", "point", "--depth", "-1", "--from", "FILE"], 2, "--depth is '-1'"),
        (["show", "point", "--depth", "9" * 5000, "--from", "FILE"], 2, "--depth is"),
        (["show"], 2, "rawbpf"),
        (["dump", "FILE", "--format", "xml"], 2, "--format is 'xml'"),
        (["dump", "/no/such/file"], 2, "cannot read /no/such/file"),
        (["dump", "FILE", "a\0b"], 1, "contains a NUL"),
        (["dump", "FILE", "\x1b[2J"], 1, "no type, function or variable"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_errors(capsys, raw_file, words, status, message):
    words = [raw_file if word == "FILE" else word for word in words]
    got, out, err = run(capsys, *words)
    assert (got, out) == (status, "")
    assert message in err
    assert "Traceback" not in err
    assert "\x1b" not in err


def test_unreadable(tmp_path):
    if os.geteuid() == 0:
        path = "/proc/self/mem"  # can be opened but not read from its start, even by root
    else:
        path = tmp_path / "secret"
        path.write_bytes(b"")
        path.chmod(0)
    with pytest.raises(RawbpfError, match="cannot read"):
        open_btf(str(path))


def test_help(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    assert "rawbpf btf show" in out


def test_an_int_alone(capsys, tmp_path):
    path = tmp_path / "one"
    path.write_bytes(blob(INT))
    assert run(capsys, "show", "int", "--from", str(path))[1] == "int\n"
