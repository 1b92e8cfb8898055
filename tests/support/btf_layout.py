"""Offsets and sizes of fields, read from a kernel's BTF."""

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.sizes import resolve, size_of
from rawbpf.uapi.btf import BTF_KIND_ENUM, BTF_KIND_STRUCT, BTF_KIND_UNION
from tests.support.layouts import fields


def find_record(btf: Btf, c_type: str):
    kind, _, name = c_type.partition(" ")
    record = btf.find(name, BTF_KIND_STRUCT if kind == "struct" else BTF_KIND_UNION)
    assert record is not None, f"{c_type} is not in the kernel's BTF"
    return record


def locate(btf: Btf, record, path: str) -> tuple[int, int] | None:
    """Return (offset, size) in bytes of a dotted path, including anonymous members."""
    head, _, rest = path.partition(".")
    for member in record.members:
        inner = resolve(btf, member.type_id)
        base = member.bit_offset // 8
        if member.name == head and not rest:
            return base, size_of(btf, member.type_id)
        if member.name == head:
            found = locate(btf, inner, rest)
        elif not member.name and isinstance(inner, (t.Struct, t.Union)):
            found = locate(btf, inner, path)
        else:
            continue
        if found is not None:
            return base + found[0], found[1]
    return None


def present(btf: Btf, c_type: str, path: str) -> bool:
    """Return whether this kernel has the field."""
    return locate(btf, find_record(btf, c_type), path) is not None


def layout_differences(btf: Btf, release: tuple[int, int]) -> list[str]:
    """Return a line for each field whose offset or size differs from the kernel's."""
    wrong = []
    for struct, name, c_type, path in fields(release):
        field = getattr(struct, name)
        found = locate(btf, find_record(btf, c_type), path)
        if found != (field.offset, field.size):
            ours = field.offset, field.size
            wrong.append(f"{c_type}.{path}: {ours} here, {found} in the kernel")
    return wrong


def enum_differences(btf: Btf, enum) -> list[str]:
    """Return a line for each name whose value differs. The kernel may lack names."""
    record = btf.find(enum.__name__, BTF_KIND_ENUM)
    assert record is not None, f"enum {enum.__name__} is not in the kernel's BTF"
    theirs = {one.name: one.value for one in record.values}
    return [
        f"{one.name}: {one.value} here, {theirs[one.name]} in the kernel"
        for one in enum
        if theirs.get(one.name, one.value) != one.value
    ]
