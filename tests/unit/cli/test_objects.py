"""``rawbpf prog``, ``map`` and ``link``: arguments and output, without a kernel."""

import errno

import pytest

from rawbpf.cli.held.kernel_objects import sheet
from rawbpf.cli.held.map import entry_lines, read_value
from rawbpf.cli.main import main
from rawbpf.errors import UsageError
from rawbpf.maps.map import Map
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_map_type
from tests.support.fake_kernel import FakeKernel

T = bpf_map_type


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("7", 7), ("-1", -1), ("0x1f", 31), ("0b11", 3), ("[1, 2]", [1, 2]), ("-", b""),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}), ('"7"', "7"), ("true", True), ("bash", "bash"),
        ("10.0.0.0/8", "10.0.0.0/8"), ("hex:", b""), ("hex:00ff", b"\0\xff"), ("", ""),
    ],
)  # fmt: skip
def test_values_on_the_command_line(word, value):
    assert read_value(word) == value


@pytest.mark.parametrize("word", ["{", '{"a": }', "[1,", '"open', "hex:0", "hex:xy", "[" * 99_999])
def test_malformed_values(word):
    with pytest.raises(UsageError, match=r"invalid (JSON|hex)"):
        read_value(word)


def lines(spec, entries, **how):
    with replaced(FakeKernel()), Map(Fd(1000, "map"), spec) as one:
        return list(entry_lines(one, entries, **{"as_json": False, "as_hex": False, **how}))


def test_entries_with_and_without_types():
    spec = MapSpec("m", T.BPF_MAP_TYPE_HASH, 4, 2, 8, key_type="u32", value_type="s16")
    entries = [(b"\x01\0\0\0", b"\xff\xff")]
    assert lines(spec, entries) == ["1: -1"]
    assert lines(spec, entries, as_json=True) == ['{"key": 1, "value": -1}']
    assert lines(spec, entries, as_hex=True) == ["01 00 00 00: ff ff"]
    assert lines(spec._replace(key_type="", value_type=""), entries) == ["01 00 00 00: ff ff"]


def test_per_cpu_values_are_on_one_line():
    spec = MapSpec("m", T.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 2, 8)
    value = b"\x01\x02\0\0\0\0\0\0" * 2
    assert lines(spec, [(bytes(4), value)]) == ["00 00 00 00: 01 02 | 01 02"]
    json = lines(spec, [(bytes(4), value)], as_json=True)
    assert json == ['{"key": "00 00 00 00", "value": ["01 02", "01 02"]}']


def test_prefixes_are_shown_as_networks():
    spec = MapSpec("m", T.BPF_MAP_TYPE_LPM_TRIE, 8, 4, 8, value_type="u32")
    entries = [(bytes([8, 0, 0, 0, 10, 0, 0, 0]), bytes(4))]
    assert lines(spec, entries) == ["10.0.0.0/8: 0"]


def test_unknown_facts_are_omitted():
    rows = [{"id": 1, "frozen": True, "pids": [{"pid": 7, "comm": "a\nb"}], "btf_id": None}]
    assert list(sheet(rows)) == ["id      1", "frozen  yes", r"pids    a\nb(7)"]
    assert list(sheet([{"id": 1}, {"id": 2}])) == ["id  1", "", "id  2"]
    assert "loaded_at  2026-" in next(sheet([{"loaded_at": 1795648854}]))


@pytest.mark.parametrize(
    ("words", "kernel", "status", "said"),
    [
        ("prog list", {"BPF_PROG_GET_NEXT_ID": [-errno.EPERM]}, 1, "cannot list programs: "),
        ("map show 7", {"BPF_MAP_GET_FD_BY_ID": [-errno.ENOENT]}, 1, "no map with ID 7: "),
        ("map show hits", {"BPF_MAP_GET_NEXT_ID": [-errno.ENOENT]}, 2, "no map named 'hits'; "),
        ("map dump /nowhere/x", {"BPF_OBJ_GET": [-errno.ENOENT]}, 1, "/nowhere does not exist"),
        ("link show 4294967298", {}, 1, "no link with ID 4294967298: "),
        ("prog show 0", {}, 1, "no program with ID 0: "),
        ("prog dump 3 --dialect x", {}, 2, "--dialect is 'x'; use c or mnemonic"),
        ("prog dump 3 --dot --json", {}, 2, "wrong arguments"),
        ("map update hits 1", {}, 2, "wrong arguments"),
    ],
)
def test_errors(words, kernel, status, said, capsys):
    with replaced(FakeKernel(**kernel)):
        assert main(words.split()) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err.splitlines()[0]


def test_an_empty_list_has_only_a_title(capsys):
    with replaced(FakeKernel(BPF_LINK_GET_NEXT_ID=[-errno.ENOENT])):
        assert main(["link", "list"]) == 0
        assert main(["link", "list", "--json"]) == 0
    assert capsys.readouterr().out == "ID  TYPE  PROG  HELD BY  WHERE\n"
