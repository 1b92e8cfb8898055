"""Objects of other projects: all are read, and their code is disassembled as by LLVM."""

import pytest

from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import format_instruction
from rawbpf.asm.parse import parse_instruction
from rawbpf.cli.objects.object_file import read_bytecode
from rawbpf.elf.code import code_sections
from rawbpf.elf.inventory import inventory
from rawbpf.elf.object import read_spec
from rawbpf.elf.read import ObjectFile
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.llvm import objdump
from tests.support.packaged import files, objects

PACKAGES = {"libbpf-tools": 61, "xdp-tools": 6, "libxdp1": 15, "ir-keytable": 9}
"""Least number of files per package."""


@pytest.fixture(scope="module", params=PACKAGES)
def package(request):
    found = files(request.param)
    assert len(found) >= PACKAGES[request.param]
    return {
        f"{name}.{number}": one
        for name, path in found.items()
        if not path.is_symlink()  # an alias of another tool
        for number, one in enumerate(objects(path))
    }


def test_all_are_read(package):
    for name, data in package.items():
        file = ObjectFile(data)
        spec = read_spec(file)
        assert spec.programs, name
        assert len(inventory(file, spec)["programs"]) == len(spec.programs), name
        assert spec.license, name
        for program in spec.programs.values():
            assert program.prog_type is not bpf_prog_type.BPF_PROG_TYPE_UNSPEC, program
            assert program.code.slots > 0, program
            for reference in program.code.references.values():
                place = {"map": spec.all_maps(), "map_value": spec.all_maps(),
                         "ksym": spec.externs, "kfunc": spec.externs}  # fmt: skip
                known = place.get(reference.kind, {program.name, *spec.programs})
                assert reference.name in known or reference.name == ".kconfig", (name, reference)


def test_all_are_disassembled(package, tmp_path):
    for name, data in package.items():
        ours = []
        for section in code_sections(ObjectFile(data)):
            rows = disassemble(section.instructions, functions=section.functions)
            for row in rows:
                assert parse_instruction(format_instruction(row.instruction)) == row.instruction
            ours += [(section.name, row.slot, row.instruction.encode()) for row in rows]
        path = tmp_path / name
        path.write_bytes(data)
        assert ours == [(line.section, line.slot, line.data) for line in objdump(path)], name


def test_an_executable_is_read_like_its_object():
    path = files("libbpf-tools")["opensnoop"]
    names = {section.name for section in read_bytecode(str(path))}
    assert "tracepoint/syscalls/sys_enter_openat" in names
