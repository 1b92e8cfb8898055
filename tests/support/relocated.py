"""Compare relocated code with that of libbpf."""

from functools import cache
from pathlib import Path

from rawbpf.asm.decode import decode_all
from rawbpf.cli.objects.btf_source import open_btf
from rawbpf.collection.object_source import read_object
from rawbpf.core_relo import Targets, relocate
from tests.support import libbpf

_types = cache(open_btf)


def relocated(path: Path, btf: Path):
    """Return the code of each program, relocated for a kernel with these types."""
    spec = read_object(path)
    targets = Targets(_types(str(btf)))
    programs = {name: one.code for name, one in spec.programs.items() if one.autoload}
    return {name: relocate(code, spec.btf, targets).code for name, code in programs.items()}


def comparable(instructions, references):
    """Return instructions without descriptors and without IDs of the running kernel."""
    for index, one in enumerate(instructions):
        kind = references[index].kind if index in references else ""
        if kind == "map_value":
            yield one.opcode, one.dst, one.imm >> 32
        else:
            yield (one.opcode, one.dst) if kind else one


def check_relocated(loader, path, btf):
    """Compare our instructions with libbpf's. libbpf's later steps may fail on this kernel."""
    theirs = libbpf.load(loader, path, btf)
    ours = relocated(path, btf)
    assert "CO-RE" not in theirs.complaint, theirs.complaint
    assert ours
    for name, code in ours.items():
        references = code.references
        numbers = dict.fromkeys((one.name for one in references.values()), 0)
        made = decode_all(code.encode(numbers, numbers))
        expected = comparable(decode_all(theirs.code[name]), references)
        assert list(comparable(made, references)) == list(expected), name
