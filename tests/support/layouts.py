"""Our ctypes structures, as C sees them on a kernel of some release."""

from rawbpf.uapi import bpf_attr, perf_event
from rawbpf.uapi.fields import STRUCTS, c_name, since

# Bit fields have no address in C; they are proven by what stands before and behind them.
WITHOUT_ADDRESS = {(bpf_attr.BpfProgInfo, "gpl_compatible"), (perf_event.PerfEventAttr, "flags")}


def fields(release: tuple[int, int]):
    """(structure, field name, C type, C path) of all that a kernel of ``release`` has."""
    for struct, name, c_type, path, added in all_fields():
        if added <= release:
            yield struct, name, c_type, path


def all_fields():
    """(structure, field name, C type, C path, release) of everything with a place in C."""
    for struct, (c_type, _) in STRUCTS.items():
        for name, *_ in struct._fields_:
            hidden = name.startswith("_") or (struct, name) in WITHOUT_ADDRESS
            if not hidden:
                yield struct, name, c_type, c_name(struct, name), since(struct, name)
