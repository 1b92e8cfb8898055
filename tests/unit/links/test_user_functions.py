"""Functions in executable files, compared with the memory map of this process."""

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
    """Return the address in executable memory at which the file offset is mapped."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        if not line.endswith(f" {path}"):
            continue
        place, rights, begin, *_ = line.split()
        low, high = (int(end, 16) for end in place.split("-"))
        at = low + offset - int(begin, 16)
        if "x" in rights and low <= at < high:
            return at
    return None


def test_the_offset_is_that_of_the_function():
    path, offset = find_function(f"{LIBC}:getuid")
    assert mapped_at(path, offset) == address("getuid")


def test_a_pattern_finds_each_matching_function_once():
    path, offsets = find_functions(f"{LIBC}:get*uid")
    assert offsets == sorted(set(offsets))
    assert {address("getuid"), address("geteuid")} <= {mapped_at(path, one) for one in offsets}
    assert find_functions(f"{LIBC}:getuid") == (path, [find_function(f"{LIBC}:getuid")[1]])
    assert find_functions(f"{LIBC}:getui?").offsets == [find_function(f"{LIBC}:getuid")[1]]


@pytest.mark.parametrize("where", ["", ":", "getuid", f"{LIBC}:", ":getuid"])
@pytest.mark.parametrize("find", [find_function, find_functions])
def test_a_target_is_a_path_and_a_function(find, where):
    with pytest.raises(UsageError, match="PATH:FUNCTION"):
        find(where)


def test_missing_symbols_and_files_are_errors():
    with pytest.raises(AttachError, match="no such symbol"):
        find_function(f"{LIBC}:rawbpf_never_was")
    with pytest.raises(AttachError, match="no such symbol"):
        find_functions(f"{LIBC}:rawbpf_*")
    with pytest.raises(AttachError, match="cannot read"):
        find_functions("/rawbpf/never:was")
    with pytest.raises(AttachError, match="there is no such library, and no such program in PATH"):
        find_file("librawbpf_never_was.so")


def test_a_file_that_is_not_elf_is_an_error():
    with pytest.raises(FormatError, match="damaged ELF file"):
        find_function(f"{__file__}:main")


@pytest.mark.parametrize("find", [find_function, find_functions])
def test_devices_fifos_and_directories_are_not_read(find, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in ("/dev/zero", fifo, tmp_path):
        with pytest.raises(UsageError, match="is not a regular file"):
            find(f"{path}:main")
