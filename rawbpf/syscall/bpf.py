"""bpf(2) for maps and programs, with one thin function per command.

    int bpf(int cmd, union bpf_attr *attr, unsigned int size)

Each function builds the attr, enters the kernel, and returns an Fd, bytes or a number. A function
repeats the call where the kernel requires it (EAGAIN from BPF_PROG_LOAD, EINTR from
BPF_PROG_TEST_RUN) but makes no other decisions.
"""

from __future__ import annotations

import ctypes
import errno

from rawbpf.errors import KernelError
from rawbpf.light_typing import NamedTuple, TypeVar
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr, enter
from rawbpf.uapi.bpf import BPF_OBJ_NAME_LEN, bpf_attach_type, bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrEnableStats,
    BpfAttrInfo,
    BpfAttrLinkCreate,
    BpfAttrMapCreate,
    BpfAttrMapElem,
    BpfAttrProgLoad,
    BpfAttrTestRun,
    BpfProgInfo,
)

__all__ = [
    "PROG_ARRAYS",
    "RunResult",
    "command",
    "enable_stats",
    "fill_info",
    "link_create_perf_event",
    "map_create",
    "map_delete_elem",
    "map_freeze",
    "map_get_next_key",
    "map_lookup_and_delete_elem",
    "map_lookup_elem",
    "map_update_elem",
    "obj_get_info",
    "obj_name",
    "prog_info",
    "prog_load",
    "prog_test_run",
]

_LOAD_TRIES = 5
_BPF_STATS_RUN_TIME = 0
_TEST_RUN_TRIES = 5

S = TypeVar("S", bound=ctypes.Structure)


def command(cmd: bpf_cmd, attr: Attr[S]) -> int:
    """Make the call. A KernelError names the command and contains the attr."""
    try:
        return enter("bpf", cmd, attr.address, attr.size)
    except KernelError as error:
        number = error.errno or 0
        raise KernelError(cmd.name, errno=number, call=cmd.name, attr=attr) from None


def obj_name(name: str) -> bytes:
    """Return a name that the kernel accepts: up to 15 characters from [A-Za-z0-9_.].

    >>> obj_name("count calls/of_do_sys_openat2")
    b'count_calls_of_'
    """
    clean = (c if c.isascii() and (c.isalnum() or c in "_.") else "_" for c in name)
    return "".join(clean).encode()[: BPF_OBJ_NAME_LEN - 1]


def map_create(struct: BpfAttrMapCreate) -> Fd:
    """Create a map (BPF_MAP_CREATE).

    Raises KernelError with EINVAL (invalid sizes or flags), EPERM, E2BIG or ENOMEM.
    """
    attr = Attr(struct).ends_at("map_name")  # extended if types or extra fields are set
    return Fd(command(bpf_cmd.BPF_MAP_CREATE, attr), f"map:{struct.map_name.decode()}")


def map_freeze(fd: int) -> None:
    """Make a map read-only (BPF_MAP_FREEZE, 5.2).

    Raises KernelError with EBUSY (the map is mapped or already frozen) or EPERM.
    """
    command(bpf_cmd.BPF_MAP_FREEZE, Attr(BpfAttrMapElem(map_fd=fd)).ends_at("map_fd"))


def _element(fd: int, key: bytes, flags: int = 0) -> Attr[BpfAttrMapElem]:
    """Return an attr for an operation on one entry.

    For a map without keys (a queue), the address of the key must be 0.
    """
    attr = Attr(BpfAttrMapElem(map_fd=fd, flags=flags))
    return attr.point("key", key) if key else attr


def map_lookup_elem(fd: int, key: bytes, value_size: int, value: bytes = b"") -> bytes:
    """Look up a value (BPF_MAP_LOOKUP_ELEM).

    Raises KernelError with ENOENT if the key does not exist.

    For a per-CPU map, ``value_size`` is the size rounded up to a multiple of 8, times the number of
    possible CPUs. ``value`` is the value to look up in a Bloom filter, which has no keys.
    """
    room = ctypes.create_string_buffer(value, value_size)
    command(bpf_cmd.BPF_MAP_LOOKUP_ELEM, _element(fd, key).point("value", room))
    return room.raw


def map_lookup_and_delete_elem(fd: int, key: bytes, value_size: int) -> bytes:
    """Look up and delete a value, in queues and stacks (4.20) or in hash tables (5.14).

    This is BPF_MAP_LOOKUP_AND_DELETE_ELEM. Raises KernelError with ENOENT (the map is empty, or the
    key does not exist) or ENOTSUPP (the map type does not support the command).
    """
    room = ctypes.create_string_buffer(value_size)
    attr = _element(fd, key).point("value", room)
    command(bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, attr)
    return room.raw


def map_update_elem(fd: int, key: bytes, value: bytes, flags: int = 0) -> None:
    """Write a value (BPF_MAP_UPDATE_ELEM).

    Raises KernelError with EEXIST (BPF_NOEXIST is set and the key exists), ENOENT (BPF_EXIST is set
    and the key does not exist) or E2BIG.
    """
    command(bpf_cmd.BPF_MAP_UPDATE_ELEM, _element(fd, key, flags).point("value", value))


def map_delete_elem(fd: int, key: bytes) -> None:
    """Delete a key (BPF_MAP_DELETE_ELEM).

    Raises KernelError with ENOENT (the key does not exist) or EINVAL (the map is an array).
    """
    attr = Attr(BpfAttrMapElem(map_fd=fd)).point("key", key).ends_at("key")
    command(bpf_cmd.BPF_MAP_DELETE_ELEM, attr)


def map_get_next_key(fd: int, key: bytes | None, key_size: int) -> bytes | None:
    """Return the key after ``key`` (the first key if ``key`` is None), or None at the end."""
    following = ctypes.create_string_buffer(key_size)
    attr = Attr(BpfAttrMapElem(map_fd=fd)).point("value", following)
    if key is not None:
        attr.point("key", key)
    try:
        command(bpf_cmd.BPF_MAP_GET_NEXT_KEY, attr.ends_at("value"))
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return following.raw


def prog_load(attr: Attr[BpfAttrProgLoad], label: str) -> Fd:
    """Load a program (BPF_PROG_LOAD).

    The call is retried on EAGAIN, which means that a signal interrupted the verifier.
    """
    for attempt in range(_LOAD_TRIES):
        try:
            return Fd(command(bpf_cmd.BPF_PROG_LOAD, attr), f"prog:{label}")
        except KernelError as error:
            if error.errno != errno.EAGAIN or attempt == _LOAD_TRIES - 1:
                raise
    raise AssertionError  # pragma: no cover -- the loop returns or raises


class RunResult(NamedTuple):
    """The result of BPF_PROG_TEST_RUN: r0, output data, output context, and mean nanoseconds."""

    retval: int
    data: bytes
    ctx: bytes
    duration: int


def prog_test_run(
    fd: int, data: bytes = b"", *, ctx: bytes = b"", repeat: int = 1, room: int = 256
) -> RunResult:
    """Run a loaded program on ``data`` (BPF_PROG_TEST_RUN).

    The program may grow the data by up to ``room`` bytes.

    Socket filters, XDP and tc programs need at least 14 bytes of data (an Ethernet header). Raw
    tracepoints and syscall programs accept only a context. The call is retried if a signal
    interrupts it (EINTR).
    """
    attr = Attr(BpfAttrTestRun(prog_fd=fd, repeat=repeat))
    data_out = ctypes.create_string_buffer(len(data) + room)
    ctx_out = ctypes.create_string_buffer(len(ctx))
    if data:
        attr.point("data_in", data).point("data_out", data_out)
        attr.struct.data_size_in, attr.struct.data_size_out = len(data), len(data_out)
    if ctx:
        attr.point("ctx_in", ctx).point("ctx_out", ctx_out)
        attr.struct.ctx_size_in = attr.struct.ctx_size_out = len(ctx)
    for attempt in range(_TEST_RUN_TRIES):
        try:
            command(bpf_cmd.BPF_PROG_TEST_RUN, attr.ends_at("duration"))
            break
        except KernelError as error:
            if error.errno != errno.EINTR or attempt == _TEST_RUN_TRIES - 1:
                raise
    done = attr.struct
    out = data_out.raw[: done.data_size_out], ctx_out.raw[: done.ctx_size_out]
    return RunResult(done.retval, *out, done.duration)


def obj_get_info(fd: int, info: S) -> S:
    """Fill in the fields of ``info`` that this kernel knows (BPF_OBJ_GET_INFO_BY_FD)."""
    fill_info(fd, info)
    return info


def fill_info(fd: int, info: ctypes.Structure) -> int:
    """Fill in ``info`` using BPF_OBJ_GET_INFO_BY_FD.

    Return the number of bytes that this kernel fills in.
    """
    attr = Attr(BpfAttrInfo(bpf_fd=fd, info_len=ctypes.sizeof(info), info=ctypes.addressof(info)))
    command(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, attr)
    return int(attr.struct.info_len)


def link_create_perf_event(prog_fd: int, perf_fd: int, cookie: int = 0) -> Fd:
    """Link a program to a perf event, with a cookie for the program (BPF_LINK_CREATE, 5.15).

    The program reads ``cookie`` with bpf_get_attach_cookie. Raises KernelError with EINVAL (the
    kernel does not support links to perf events) or EBADF (``perf_fd`` is not a perf event).
    """
    struct = BpfAttrLinkCreate(
        prog_fd=prog_fd,
        target_fd=perf_fd,
        attach_type=bpf_attach_type.BPF_PERF_EVENT,
        bpf_cookie=cookie,
    )
    attr = Attr(struct).ends_at("bpf_cookie")
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr), "link:perf_event")


def enable_stats() -> Fd:
    """Count and time the runs of all programs until the Fd is closed (BPF_ENABLE_STATS, 5.8).

    Raises KernelError with EPERM if CAP_SYS_ADMIN is missing.
    """
    attr = Attr(BpfAttrEnableStats(type=_BPF_STATS_RUN_TIME))
    return Fd(command(bpf_cmd.BPF_ENABLE_STATS, attr), "stats")


class Array(NamedTuple):
    """The fields of struct bpf_prog_info for one array: its address, length and element size.

    ``size`` names the field for the element size if that size depends on the kernel.
    """

    address: str
    length: str
    size: int | str


PROG_ARRAYS = {
    "map_ids": Array("map_ids", "nr_map_ids", 4),
    "xlated": Array("xlated_prog_insns", "xlated_prog_len", 1),
    "jited": Array("jited_prog_insns", "jited_prog_len", 1),
    "func_info": Array("func_info", "nr_func_info", "func_info_rec_size"),
    "line_info": Array("line_info", "nr_line_info", "line_info_rec_size"),
    "jited_ksyms": Array("jited_ksyms", "nr_jited_ksyms", 8),
    "jited_func_lens": Array("jited_func_lens", "nr_jited_func_lens", 4),
}
"""Arrays that BPF_OBJ_GET_INFO_BY_FD returns for a program."""


def prog_info(fd: int, *wanted: str) -> tuple[BpfProgInfo, dict[str, bytes]]:
    """Return information about a program, and those arrays in PROG_ARRAYS that are ``wanted``.

    The first call returns the lengths of the arrays, and the second call returns their contents. An
    array that the kernel does not disclose is empty, such as the code without CAP_BPF, or addresses
    under kptr_restrict.
    """
    info = obj_get_info(fd, BpfProgInfo())
    asked, buffers = BpfProgInfo(), {}
    for name in wanted:
        array = PROG_ARRAYS[name]
        size = getattr(info, array.size) if isinstance(array.size, str) else array.size
        count = getattr(info, array.length)
        if not count * size:
            continue
        buffers[name] = ctypes.create_string_buffer(count * size)
        setattr(asked, array.address, ctypes.addressof(buffers[name]))
        setattr(asked, array.length, count)
        if isinstance(array.size, str):
            setattr(asked, array.size, size)
    if buffers:
        info = obj_get_info(fd, asked)
    return info, {name: _shown(info, name, buffers.get(name)) for name in wanted}


def _shown(info: BpfProgInfo, name: str, buffer: ctypes.Array[ctypes.c_char] | None) -> bytes:
    """Return the contents of an array, or b"" if the kernel has set its address to 0."""
    if buffer is None or not getattr(info, PROG_ARRAYS[name].address):
        return b""
    return buffer.raw
