"""Names in a file as offsets, checked by what this process has mapped."""

import ctypes
import os
from pathlib import Path

import pytest

from rawbpf.errors import AttachError, FormatError, UsageError
from rawbpf.links.user_functions import find_file, find_function, find_functions

LIBC = "libc.so.6"


def address(name):
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value


def mapped_at(path, offset):
    """Where in this process the file's byte is, in memory that may be executed."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        if not line.endswith(f" {path}"):
            continue
        place, rights, begin, *_ = line.split()
        low, high = (int(end, 16) for end in place.split("-"))
        at = low + offset - int(begin, 16)
        if "x" in rights and low <= at < high:
            return at
    return None


def test_an_offset_is_where_the_function_is():
    path, offset = find_function(f"{LIBC}:getuid")
    assert mapped_at(path, offset) == address("getuid")


def test_a_pattern_is_all_functions_that_fit_each_once():
    path, offsets = find_functions(f"{LIBC}:get*uid")
    assert offsets == sorted(set(offsets))
    assert {address("getuid"), address("geteuid")} <= {mapped_at(path, one) for one in offsets}
    assert find_functions(f"{LIBC}:getuid") == (path, [find_function(f"{LIBC}:getuid")[1]])
    assert find_functions(f"{LIBC}:getui?").offsets == [find_function(f"{LIBC}:getuid")[1]]


@pytest.mark.parametrize("where", ["", ":", "getuid", f"{LIBC}:", ":getuid"])
@pytest.mark.parametrize("find", [find_function, find_functions])
def test_a_place_has_two_parts(find, where):
    with pytest.raises(UsageError, match="PATH:FUNCTION"):
        find(where)


def test_what_is_not_there_is_said():
    with pytest.raises(AttachError, match="no symbol of that name"):
        find_function(f"{LIBC}:rawbpf_never_was")
    with pytest.raises(AttachError, match="no symbol that fits"):
        find_functions(f"{LIBC}:rawbpf_*")
    with pytest.raises(AttachError, match="cannot read"):
        find_functions("/rawbpf/never:was")
    with pytest.raises(AttachError, match="neither among the libraries nor in PATH"):
        find_file("librawbpf_never_was.so")


def test_what_is_no_executable_is_said():
    with pytest.raises(FormatError, match="damaged ELF file"):
        find_function(f"{__file__}:main")


@pytest.mark.parametrize("find", [find_function, find_functions])
def test_what_never_ends_or_never_begins_is_not_read(find, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in ("/dev/zero", fifo, tmp_path):
        with pytest.raises(UsageError, match="is not a file"):
            find(f"{path}:main")
