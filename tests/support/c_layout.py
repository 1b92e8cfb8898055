"""Check that types in generated C have the sizes and offsets of the BTF."""

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import Budget
from rawbpf.btf.ctext.definition import Definer
from rawbpf.btf.ctext.header import _CLOSE, _OPEN, _Header
from rawbpf.btf.ctext.names import identifier
from rawbpf.btf.sizes import bit_span, strip

COMPOSITE = t.Struct | t.Union


def header_and_tags(btf):
    """Return the whole header, and the tag of each struct or union that has a name."""
    budget = Budget(btf.words)
    definer = Definer(btf, budget)
    text = _OPEN + "".join(_Header(btf, definer, budget).everything()) + _CLOSE
    named = [i for i, record in btf if isinstance(record, COMPOSITE) and record.name]
    return text, {type_id: definer.tag(type_id) for type_id in named}


def members(btf, type_id, base=0):
    """Yield (name, bit offset, bitfield size) of members, including those of anonymous ones."""
    for member in btf[type_id].members:
        offset, bits = bit_span(btf, member)
        if not member.name:
            yield from members(btf, strip(btf, member.type_id), base + offset)
        elif not member.name.startswith("___pad"):
            yield member.name, base + offset, bits


def static_asserts(btf, tags):
    """Yield C lines that compile only if each size and each offset is right.

    C cannot tell the offset of a bitfield; see ``bitfields``.
    """
    for type_id, tag in tags.items():
        yield f'_Static_assert(sizeof({tag}) == {btf[type_id].size}, "{tag}");'
        for name, offset, bits in members(btf, type_id):
            if not bits:
                place = f"{tag}, {identifier(name)}"
                yield f'_Static_assert(__builtin_offsetof({place}) == {offset // 8}, "{place}");'


def bitfields(btf, tags):
    """Return the members of each struct that has bitfields, by tag."""
    found = {tag: list(members(btf, type_id)) for type_id, tag in tags.items()}
    return {tag: rows for tag, rows in found.items() if any(bits for _, _, bits in rows)}


def by_tag(btf):
    """Return the members of each struct in the BTF that clang generated, by tag."""
    keyword = {t.Struct: "struct", t.Union: "union"}
    return {
        f"{keyword[type(record)]} {record.name}": list(members(btf, type_id))
        for type_id, record in btf
        if isinstance(record, COMPOSITE) and record.name
    }


def check_with_clang(btf, folder, compile_btf, clang):
    """Compile the header with all asserts, and compare its bitfields with clang's own BTF."""
    text, tags = header_and_tags(btf)
    path = folder / "asserts.c"
    path.write_text("\n".join([text, *static_asserts(btf, tags)]) + "\n")
    for newest in (True, False):
        warnings = clang("-target", "bpf", "-fsyntax-only", str(path), newest=newest)
        assert warnings == ""
    wanted = bitfields(btf, tags)
    uses = (f"{tag} used_{i};\n" for i, tag in enumerate(wanted))
    compiled = by_tag(compile_btf(text + "".join(uses), folder))
    assert {tag: compiled[tag] for tag in wanted} == wanted
    return tags, wanted
