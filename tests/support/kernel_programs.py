"""Load the programs of a file with maps, data and types, and run one of them in the kernel."""

from contextlib import ExitStack
from typing import NamedTuple

from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.ext_info import FuncInfo, pack
from rawbpf.btf.strings import StringTable
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.machine.inputs import skb
from rawbpf.machine.settings import Entry, Settings
from rawbpf.maps.map import Map
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.syscall import bpf, bpf_object
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

ONLY_KEY = bytes(4)
LOG_SIZE = 1 << 20


class Result(NamedTuple):
    """The lower half of r0, and the contents of `.data` and of the packet after the run."""

    r0: int
    data: bytes
    packet: bytes


def in_machine(spec: ObjectSpec, packet: bytes) -> Result:
    (name,) = spec.programs
    entries = (Entry("jumps", 0, name),) if "jumps" in spec.maps else ()
    machine = Settings(spec, name, skb(packet), entries=entries).start()
    machine.advance(10_000_000)
    data = machine.maps[".data"].lookup(ONLY_KEY, 0)
    return Result(machine.registers[0] & 0xFFFF_FFFF, bytes(data), machine.packet)


def in_kernel(spec: ObjectSpec, packet: bytes) -> Result:
    raise_memlock_if_needed()
    with ExitStack() as stack:
        maps = {}
        for name, map_spec in spec.all_maps().items():
            maps[name] = stack.enter_context(Map.create(map_spec))
        for name, data in spec.data.items():
            maps[name].update(ONLY_KEY, data.contents)
            if data.read_only:
                maps[name].freeze()
        (program,) = spec.programs.values()
        code = program.code.encode(maps={name: one.fileno() for name, one in maps.items()})
        fd = stack.enter_context(load(program.code, code))
        if "jumps" in maps:
            maps["jumps"].update(ONLY_KEY, fd.fileno().to_bytes(4, "little"))
        run = bpf.prog_test_run(fd.fileno(), packet)
        return Result(run.retval, maps[".data"].lookup(ONLY_KEY), run.data)


def load(program, code):
    """Load a program with func_info, which callbacks require."""
    functions, types = func_info(program)
    with bpf_object.btf_load(types) as btf:
        struct = BpfAttrProgLoad(
            prog_type=bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS,
            insn_cnt=len(code) // 8,
            prog_btf_fd=btf.fileno(),
            func_info_rec_size=8,
            func_info_cnt=len(functions) // 8,
        )
        attr = Attr(struct).point("insns", code).point("license", b"GPL\0")
        attr = attr.point("func_info", functions)
        try:
            return bpf.prog_load(attr.ends_at("func_info_cnt"), program.name)
        except OSError as error:
            raise AssertionError(refusal(attr)) from error


def refusal(attr) -> str:
    """Return the verifier's log."""
    import ctypes

    log = ctypes.create_string_buffer(LOG_SIZE)
    attr.point("log_buf", log)
    attr.struct.log_size, attr.struct.log_level = LOG_SIZE, 1
    try:
        bpf.prog_load(attr.ends_at("func_info_cnt"), "again").close()
    except OSError:
        return log.value.decode()
    return "no reason given"


def func_info(program) -> tuple[bytes, bytes]:
    """Return the func_info records of all functions, and the BTF that they refer to."""
    types = BtfBuilder()
    proto = types.add_func_proto(types.add_int("int", 4, signed=True))
    records = [FuncInfo(f.slot, types.add_func(f.name, proto)) for f in program.functions]
    return pack(records, StringTable()), types.encode()
