"""A fake hash map in Python, to test errors that are rare and random on a real map."""

import ctypes
import errno

from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrMapElem

ENOTSUPP = 524


class FakeMap:
    """A map with u32 keys and values, without batches. ``before`` gets each command's name."""

    def __init__(self, entries=(), room=8, before=lambda name: None):
        self.entries, self.room, self.before = dict(entries), room, before
        self.names = []

    def __call__(self, name, *words):
        if name == "close":
            return 0
        command = bpf_cmd(words[0]).name
        self.names.append(command)
        self.before(command)
        answer = getattr(self, command.lower(), None)
        return -ENOTSUPP if answer is None else answer(BpfAttrMapElem.from_address(words[1]))

    def bpf_map_lookup_elem(self, attr):
        key = number(attr.key)
        if key not in self.entries:
            return -errno.ENOENT
        store(attr.value, self.entries[key])
        return 0

    def bpf_map_update_elem(self, attr):
        key = number(attr.key)
        if key not in self.entries and len(self.entries) == self.room:
            return -errno.E2BIG
        self.entries[key] = number(attr.value)
        return 0

    def bpf_map_delete_elem(self, attr):
        return 0 if self.entries.pop(number(attr.key), None) is not None else -errno.ENOENT

    def bpf_map_get_next_key(self, attr):
        keys = list(self.entries)
        key = number(attr.key) if attr.key else None
        # like the kernel: start over if the key was deleted
        at = keys.index(key) + 1 if key in keys else 0
        if at == len(keys):
            return -errno.ENOENT
        store(attr.value, keys[at])
        return 0


def number(address: int) -> int:
    return ctypes.c_uint32.from_address(address).value


def store(address: int, value: int) -> None:
    ctypes.c_uint32.from_address(address).value = value
