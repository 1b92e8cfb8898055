"""The fields of our ctypes structures, and their names in C for a given kernel release."""

from rawbpf.uapi import bpf_attr, perf_event
from rawbpf.uapi.fields import STRUCTS, c_name, since

# C cannot take the address of a bitfield. The fields before and after it are checked instead.
WITHOUT_ADDRESS = {(bpf_attr.BpfProgInfo, "gpl_compatible"), (perf_event.PerfEventAttr, "flags")}


def fields(release: tuple[int, int]):
    """Return (structure, field, C type, C path) of all fields that a kernel of ``release`` has."""
    for struct, name, c_type, path, added in all_fields():
        if added <= release:
            yield struct, name, c_type, path


def all_fields():
    """Return (structure, field, C type, C path, release) of all fields with an address in C."""
    for struct, (c_type, _) in STRUCTS.items():
        for name, *_ in struct._fields_:
            hidden = name.startswith("_") or (struct, name) in WITHOUT_ADDRESS
            if not hidden:
                yield struct, name, c_type, c_name(struct, name), since(struct, name)
