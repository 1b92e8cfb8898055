"""A kernel that checks every pointer it gets, for recordings that are repeated against it.

This is a second description of which memory bpf(2) reads and writes, written from
kernel/bpf/syscall.c and net/bpf/test_run.c, independently of rawbpf's tables. A pointer must lead
into memory that the replay has set aside for the call, with as many bytes as the kernel would use.
The memory that the kernel writes is really written.
"""

import ctypes
import errno

from rawbpf.kernel.hardware import possible_cpus
from rawbpf.syscall.fd import EVENT
from rawbpf.uapi.bpf import bpf_cmd

PER_CPU = {5, 6, 10, 21}
FD_MAPS = {3, 4, 8, 12, 13}
_FIRST_FD = 1000

FOREIGN = "map", 1, 8, 4096, "foreign"
"""A map that was opened, not created."""

PROG_ARRAYS = {24: (16, 1), 32: (20, 1), 56: (52, 4), 112: (104, 8), 120: (108, 4), 136: (144, 8),
               152: (148, 16), 160: (168, 8), 184: (180, 8)}  # fmt: skip
POINTERS = {"prog": PROG_ARRAYS, "btf": {0: (8, 1), 16: (24, 1)}, "link": {24: (32, 1)}}
"""Offsets of pointers in each info -> (offset of the count, bytes per element).

Every link is a perf event, whose only pointer is to a name.
"""

RECORD_SIZES = {132: (144, 8), 172: (148, 16), 176: (168, 8)}
"""Offsets of record sizes in struct bpf_prog_info -> (offset of the count, accepted size)."""


class BrokenPromiseError(AssertionError):
    """The kernel would have used memory that was not set aside for the call."""


class GateModel:
    """Called in place of the kernel. ``memory`` lists (address, size) of the present call."""

    def __init__(self):
        self.memory = []
        self.things = {}
        self.mapped = {}
        self.asked = False
        self._next = _FIRST_FD

    def __call__(self, name, *words):
        try:
            return getattr(self, name)(*words)
        finally:
            self.asked = False

    def confirm(self, _call, effect):
        assert effect
        self.asked = True

    def new(self, *thing):
        self._next += 1
        self.things[self._next] = thing
        return self._next

    def use(self, address, size, what):
        if not any(at <= address and address + size <= at + room for at, room in self.memory):
            raise BrokenPromiseError(f"{what}: {size} bytes at {address:#x} of {self.memory}")

    def read(self, address, size, what):
        self.use(address, size, what)
        return ctypes.string_at(address, size)

    def write(self, address, size, what):
        self.use(address, size, what)
        ctypes.memset(address, 0x5A, size)

    def close(self, fd):
        assert fd in self.things, f"closes {fd}, which it did not open"
        del self.things[fd]
        return 0

    def mmap(self, address, size, protection, flags, _fd, _offset):
        assert (address, flags) == (0, 1)
        assert 0 < size <= 1 << 28
        assert protection in (1, 3)
        self._next += 1
        self.mapped[self._next << 12] = size
        return self._next << 12

    def munmap(self, address, size):
        assert self.mapped.pop(address) == size
        return 0

    def epoll_create1(self, _flags):
        return self.new("epoll")

    def epoll_ctl(self, fd, _op, other, event):
        if fd not in self.things:  # a pipe, or no descriptor
            assert fd == -1 or fd > 2
            return -errno.EINVAL
        if event:
            self.read(event, EVENT.size, "event")
        return 0 if other >= 0 else -errno.EBADF

    def epoll_pwait(self, _fd, events, most, timeout, mask, _size):
        assert 0 <= timeout <= 60_000
        assert mask == 0
        assert most > 0
        self.write(events, most * EVENT.size, "events")
        return 0

    def perf_event_open(self, attr, _pid, _cpu, group, flags):
        size = max(int.from_bytes(self.read(attr + 4, 4, "attr"), "little"), 64)
        raw = self.read(attr, min(size, 136), "attr").ljust(136, b"\0")
        self.text(int.from_bytes(raw[56:64], "little"), "config1")
        assert group == -1
        assert flags in (0, 8)
        return self.new("event")

    def text(self, address, what):
        if address:
            self.read(address, 1, what)

    def ioctl(self, fd, request, argument):
        if fd not in self.things:  # a pipe, or no descriptor
            assert fd == -1 or fd > 2
            return -errno.ENOTTY
        assert request in (0x2400, 0x2401, 0x40042408, 0x40042409)
        assert argument in (0, 1, -1) or argument in self.things
        return 0

    def bpf(self, command, address, size):
        raw = self.read(address, size, "attr")
        assert not any(raw[152:]), "bytes beyond union bpf_attr"
        raw = raw.ljust(160, b"\0")
        name = bpf_cmd(command).name.removeprefix("BPF_").lower()
        handler = getattr(self, name, None) or getattr(self, _SAME.get(name, ""), None)
        assert handler is not None, f"unexpected command {name}"
        return handler(raw, name)

    def map_create(self, raw, _name):
        kind, key, value = (u32(raw, at) for at in (0, 4, 8))
        assert (key + value) * u32(raw, 12) <= 1 << 30
        return self.new("map", kind, key, value)

    def sizes(self, fd):
        """Return (key, value) in bytes of a map, or None for any other descriptor."""
        thing = self.things.get(fd, ("",))
        if thing[0] != "map":
            return None
        _, kind, key, value = thing[:4]
        if kind in PER_CPU:
            return key, -(-value // 8) * 8 * len(possible_cpus())
        return key, 4 if kind in FD_MAPS else value

    def element(self, raw, name):
        sizes = self.sizes(u32(raw, 0))
        if sizes is None:
            return -errno.EBADF
        changes = name not in ("map_lookup_elem", "map_get_next_key")
        assert self.asked or not changes or self.things[u32(raw, 0)][4:] == (), "not asked"
        key, value = u64(raw, 8), u64(raw, 16)
        if key:
            self.read(key, sizes[0], f"{name} key")
        if name == "map_get_next_key":
            self.write(value, sizes[0], "next_key") if value else None
        elif name == "map_update_elem":
            self.read(value, sizes[1], "value") if value else None
        elif value and "lookup" in name:
            self.write(value, sizes[1], "value")
        return 0

    def batch(self, raw, name):
        sizes = self.sizes(u32(raw, 36))
        if sizes is None:
            return -errno.EBADF
        changes = name != "map_lookup_batch"
        assert self.asked or not changes or self.things[u32(raw, 36)][4:] == (), "not asked"
        count = u32(raw, 32)
        use = self.write if "lookup" in name else self.read
        for at, each in ((16, sizes[0]), (24, sizes[1])):
            if u64(raw, at) and not (at == 24 and "delete_batch" in name and "lookup" not in name):
                use(u64(raw, at), each * count, f"{name} at {at}")
        for at in (0, 8):
            if u64(raw, at):
                self.read(u64(raw, at), max(sizes[0], 4), f"{name} position")
        return 0

    def map_freeze(self, raw, _name):
        return 0 if self.sizes(u32(raw, 0)) else -errno.EBADF

    def prog_load(self, raw, _name):
        insns = self.read(u64(raw, 8), u32(raw, 4) * 8, "insns") if u64(raw, 8) else b""
        self.text(u64(raw, 16), "license")
        if u64(raw, 32):
            self.write(u64(raw, 32), u32(raw, 28), "log")
        for at, count, each in ((80, 88, 76), (96, 104, 92), (128, 116, 136)):
            if u64(raw, at):
                self.read(u64(raw, at), u32(raw, count) * u32(raw, each), f"records at {at}")
        if u64(raw, 120):
            self.read(u64(raw, 120), max(u32(raw, 148) * 4, 1), "fd_array")
        for at in range(0, len(insns) - 15, 8):
            if insns[at] == 0x18 and insns[at + 1] >> 4 in (1, 2):
                number = u32(insns, at + 4)
                assert number in self.things or number == 0xFFFFFFFF, f"foreign map {number}"
        return self.new("prog", u32(raw, 0))

    def prog_test_run(self, raw, _name):
        assert u32(raw, 32) <= 1 << 20
        kind = self.things.get(u32(raw, 0), ("",))[1:]
        # bpf_dummy_ops follows a pointer in the context
        assert kind != (27,) or not u64(raw, 48), "context of a struct_ops program"
        for at, size, use in ((16, 8, self.read), (48, 40, self.read), (56, 44, self.write)):
            if u64(raw, at):
                use(u64(raw, at), u32(raw, size), f"test_run at {at}")
        if u64(raw, 24):  # without data_size_out, the kernel writes as much as it has
            self.write(u64(raw, 24), u32(raw, 12) or 1 << 30, "data_out")
        return 0

    def obj_get_info_by_fd(self, raw, _name):
        thing = self.things.get(u32(raw, 0), ("",))[0]
        address, size = u64(raw, 8), u32(raw, 4)
        if thing not in ("map", "prog", "btf", "link") or not address:
            return -errno.EBADF
        info = self.read(address, size, "info").ljust(256, b"\0")
        assert thing != "map" or not any(info[88:]), "unknown fields of bpf_map_info"
        for at, (count, accepted) in RECORD_SIZES.items() if thing == "prog" else ():
            if (u32(info, count) or u32(info, at)) and u32(info, at) != accepted:
                return -errno.EINVAL
        for at, (count, each) in POINTERS.get(thing, {}).items():
            if u64(info, at) and u32(info, count):
                self.write(u64(info, at), u32(info, count) * each, f"{thing} info at {at}")
        self.write(address, size, "info")
        return 0

    def btf_load(self, raw, _name):
        if u64(raw, 0):
            self.read(u64(raw, 0), u32(raw, 16), "btf")
        if u64(raw, 8):
            self.write(u64(raw, 8), u32(raw, 20), "btf log")
        return self.new("btf")

    def info_of(self, fd, info):
        """Answer the replay's own question about an object."""
        thing = self.things.get(fd, ("",))
        if thing[0] == "map":
            info.type, info.key_size, info.value_size = thing[1:4]
        elif thing[0] == "prog":
            info.type = (*thing, 1)[1]
        elif thing[0] == "link":
            info.type = 7  # BPF_LINK_TYPE_PERF_EVENT
        return info

    def link_create(self, raw, _name):
        assert self.asked, "attaches without asking"
        if u32(raw, 8) in (42, 56):
            count = u32(raw, 20)
            for at in (24, 32, 40):
                if u64(raw, at):
                    array = self.read(u64(raw, at), count * 8, f"link at {at}")
                    for place in range(0, len(array) if at == 24 else 0, 8):
                        self.text(u64(array, place), "symbol")
        return self.new("link")

    def raw_tracepoint_open(self, raw, _name):
        assert self.asked, "attaches without asking"
        self.text(u64(raw, 0), "name")
        return self.new("link")

    def obj_pin(self, raw, _name):
        assert self.asked, "pins without asking"
        self.text(u64(raw, 0), "pathname")
        return 0

    def obj_get(self, raw, name):
        assert self.asked, "opens without asking"
        self.text(u64(raw, 0), name)
        return self.new(*FOREIGN)

    def by_id(self, _raw, name):
        assert self.asked, "opens by ID without asking"
        kind = name.split("_")[0]
        return self.new(*(FOREIGN if kind == "map" else (kind,)))

    def harmless(self, _raw, _name):
        return 0

    def iter_create(self, _raw, _name):
        return self.new("iter")

    def enable_stats(self, _raw, _name):
        assert self.asked
        return self.new("stats")


_SAME = {
    "map_lookup_elem": "element",
    "map_update_elem": "element",
    "map_delete_elem": "element",
    "map_get_next_key": "element",
    "map_lookup_and_delete_elem": "element",
    "map_lookup_batch": "batch",
    "map_lookup_and_delete_batch": "batch",
    "map_update_batch": "batch",
    "map_delete_batch": "batch",
    "prog_get_fd_by_id": "by_id",
    "map_get_fd_by_id": "by_id",
    "btf_get_fd_by_id": "by_id",
    "link_get_fd_by_id": "by_id",
    "prog_get_next_id": "harmless",
    "map_get_next_id": "harmless",
    "btf_get_next_id": "harmless",
    "link_get_next_id": "harmless",
}


def u32(raw, at):
    return int.from_bytes(raw[at : at + 4], "little")


def u64(raw, at):
    return int.from_bytes(raw[at : at + 8], "little")
