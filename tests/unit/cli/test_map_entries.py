"""Stacks, histograms and sorted rows of maps, without a kernel."""

import struct

import pytest

from rawbpf.btf.values.shown import Address, EnumValue
from rawbpf.cli.map_entries import (
    histogram_lines,
    histogram_objects,
    named_addresses,
    sorted_rows,
    stack_frames,
)
from rawbpf.errors import UsageError
from rawbpf.kernel.symbolize import KernelSymbols
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

T = bpf_map_type
START = 0xFFFFFFFF81000000


@pytest.fixture
def symbols(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/kallsyms").write_text(
        f"{START:016x} T vfs_read\n{START + 256:016x} t f\t[m]\n"
    )
    with KernelSymbols(tmp_path) as found:
        yield found


def spec(kind, **more):
    return MapSpec("m", kind, 4, 8, 64, **more)


def test_a_stack_ends_at_the_first_zero(symbols):
    data = struct.pack("<4Q", START + 16, START + 0x101, 0x7F0000001000, 0)
    shown = ["vfs_read+0x10", "f+0x1 [m]", "0x7f0000001000"]
    assert stack_frames(spec(T.BPF_MAP_TYPE_STACK_TRACE), data, symbols) == shown
    assert stack_frames(spec(T.BPF_MAP_TYPE_STACK_TRACE), data[:24], symbols) == shown


def test_a_stack_of_build_ids(symbols):
    rows = [(1, bytes(range(20)), 0x4A0), (2, bytes(20), 0x7F0000001000), (0, bytes(20), 0)]
    data = b"".join(struct.pack("<i20sQ", *row) for row in rows)
    stacks = spec(T.BPF_MAP_TYPE_STACK_TRACE, map_flags=bpf_map_flags.BPF_F_STACK_BUILD_ID)
    first = bytes(range(20)).hex() + "+0x4a0"
    assert stack_frames(stacks, data, symbols) == [first, "0x7f0000001000"]


def test_addresses_are_named_and_other_numbers_are_not(symbols):
    named = f"{START + 4:#x} <vfs_read+0x4>"
    assert named_addresses(Address(START + 4), symbols) == named
    value = {"ip": START + 4, "n": 7, "other": [1 << 63], "user": Address(0x7F00)}
    assert named_addresses(value, symbols) == value | {"ip": named}
    assert named_addresses(EnumValue.named(START, "X"), symbols) == START


def test_symbols_are_read_with_the_rights_of_the_opener(symbols, tmp_path):
    (tmp_path / "proc/kallsyms").unlink()
    assert symbols.name(START) == "vfs_read+0x0"


def test_rows_of_a_hash_are_sorted_and_the_largest_is_last():
    rows = [(1, 5), (2, 3), (3, 9)]
    assert list(sorted_rows(spec(T.BPF_MAP_TYPE_HASH), rows)) == [(2, 3), (1, 5), (3, 9)]
    assert list(sorted_rows(spec(T.BPF_MAP_TYPE_ARRAY), rows)) == rows
    per_cpu = [(1, [2, 2]), (2, [3, 0])]
    assert list(sorted_rows(spec(T.BPF_MAP_TYPE_PERCPU_HASH), per_cpu)) == per_cpu[::-1]
    structs = [(1, {"n": 5}), (2, {"n": 1})]
    assert list(sorted_rows(spec(T.BPF_MAP_TYPE_HASH), structs)) == structs


def test_an_array_is_one_histogram():
    rows = [(0, [1, 0]), (1, [0, 0]), (2, [2, 2])]
    (row,) = histogram_objects(spec(T.BPF_MAP_TYPE_PERCPU_ARRAY), rows)
    assert row == {
        "key": None,
        "histogram": [{"min": 0, "max": 1, "count": 1}, {"min": 4, "max": 7, "count": 4}],
    }
    assert len(list(histogram_lines(spec(T.BPF_MAP_TYPE_ARRAY), [(0, 1), (3, 1)]))) == 4


def test_a_hash_has_a_histogram_for_each_key():
    rows = [(7, {"slots": [0, 2]}), (8, [4])]
    lines = list(histogram_lines(spec(T.BPF_MAP_TYPE_HASH), rows))
    assert [line.split("|")[0].rstrip() for line in lines] == [
        "7:", "[2, 4)                 2", "", "8:", "[0, 2)                 4",
    ]  # fmt: skip
    per_cpu = [(7, [{"slots": [1, 2]}, {"slots": [0, 2]}])]
    (row,) = histogram_objects(spec(T.BPF_MAP_TYPE_PERCPU_HASH), per_cpu)
    assert [one["count"] for one in row["histogram"]] == [1, 4]


@pytest.mark.parametrize(
    ("kind", "rows", "why"),
    [
        (T.BPF_MAP_TYPE_HASH, [(1, 5)], "neither the map"),
        (T.BPF_MAP_TYPE_HASH, [(1, {"a": [1], "b": [2]})], "neither the map"),
        (T.BPF_MAP_TYPE_HASH, [(1, b"text")], "neither the map"),
        (T.BPF_MAP_TYPE_ARRAY, [(64, 1)], "counts in slot 64"),
    ],
)
def test_maps_that_are_not_histograms(kind, rows, why):
    with pytest.raises(UsageError, match=why):
        list(histogram_lines(spec(kind), rows))
