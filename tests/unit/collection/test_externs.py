"""Externs: kernel configuration options, variables and functions."""

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.decode import decode_all
from rawbpf.asm.instruction import LD_IMM64, Instruction, Reference
from rawbpf.asm.since import newer_than
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.types import Const, Enum, Enumerator
from rawbpf.collection.kconfig import kconfig_data
from rawbpf.collection.ksyms import ABSENT_CALL, resolve_ksyms
from rawbpf.errors import BytecodeError, RawbpfError, UnsupportedError
from rawbpf.kernel.version import KernelVersion
from rawbpf.specs.object_spec import ExternSpec, ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

CALL = 0x85


class Kernel:
    """Stands for a kernel whose answers the test knows."""

    version = KernelVersion(6, 1, 300)
    wraps_syscalls = True
    has_cookies = False

    def __init__(self, settings=None, symbols=None, types=None, modules=None, owners=()):
        self.setting = (settings or {}).get
        self.address = (symbols or {}).get
        self.types = types
        self.modules = modules or {}
        self.owners = {name: ["nft"] for name in owners}.get

    def require_types(self):
        return self.types

    def look_up(self, symbols):
        self.wanted = symbols


@pytest.fixture
def types():
    b = BtfBuilder()
    ids = {"int": b.add_int("int", 4, signed=True), "bool": b.add_int("_Bool", 1)}
    ids["char"] = b.add_int("char", 1, signed=True)
    values = (Enumerator("TRI_NO", 0), Enumerator("TRI_YES", 1), Enumerator("TRI_MODULE", 2))
    ids["tristate"] = b.add(Enum("libbpf_tristate", 4, values))
    ids["text"] = b.add_array(ids["char"], 8, ids["int"])
    ids["const void"] = b.add(Const(0))
    return ids, Btf(b.encode())


def asking(types, *externs):
    return ObjectSpec({}, externs={one.name: one for one in externs}, btf=types)


@pytest.mark.parametrize(
    ("kind", "size", "setting", "expected"),
    [
        ("int", 4, "250", "fa000000"),
        ("int", 4, "0x10", "10000000"),
        ("bool", 1, "y", "01"),
        ("tristate", 4, "m", "02000000"),
        ("char", 1, "m", "6d"),
        ("text", 8, '"none"', "6e6f6e6500000000"),
    ],
)
def test_an_option_becomes_a_value_of_the_type(types, kind, size, setting, expected):
    ids, btf = types
    extern = ExternSpec("CONFIG_X", "kconfig", ids[kind], size=size)
    data = kconfig_data(asking(btf, extern), Kernel({"CONFIG_X": setting}))
    assert data.contents.hex() == expected
    assert [one.name for one in data.variables] == ["CONFIG_X"]


def test_an_option_that_does_not_fit_the_type_is_an_error(types):
    ids, btf = types
    for kind, setting in (("bool", "m"), ("int", '"text"'), ("int", str(1 << 40))):
        extern = ExternSpec("CONFIG_X", "kconfig", ids[kind], size=4)
        with pytest.raises(RawbpfError, match="CONFIG_X"):
            kconfig_data(asking(btf, extern), Kernel({"CONFIG_X": setting}))


@pytest.mark.parametrize(
    ("setting", "contents"),
    [
        ('"clang 19"', b"clang 1\0"),
        ('"clang-1"', b"clang-1\0"),
        ('"été été"', b"\xc3\xa9t\xc3\xa9 \xc3\0"),
    ],
)
def test_a_string_that_is_too_long_is_cut_with_a_warning(types, setting, contents):
    ids, btf = types
    extern, warnings = ExternSpec("CONFIG_X", "kconfig", ids["text"], size=8), []
    data = kconfig_data(asking(btf, extern), Kernel({"CONFIG_X": setting}), warnings.append)
    assert data.contents == contents
    length = len(setting.strip('"').encode())
    said = f"CONFIG_X is {length} bytes long in this kernel"
    expected = f"{said}; the variable contains only the first 7 bytes"
    assert warnings == ([expected] if length > 7 else [])


def test_an_unset_option_is_zero_if_weak(types):
    ids, btf = types
    weak = ExternSpec("CONFIG_X", "kconfig", ids["int"], weak=True, size=4)
    assert kconfig_data(asking(btf, weak), Kernel()).contents == bytes(4)
    with pytest.raises(UnsupportedError, match="CONFIG_X"):
        kconfig_data(asking(btf, weak._replace(weak=False)), Kernel())


def test_three_options_are_computed(types):
    ids, btf = types
    spec = asking(
        btf,
        ExternSpec("LINUX_KERNEL_VERSION", "kconfig", ids["int"], size=4),
        ExternSpec("LINUX_HAS_SYSCALL_WRAPPER", "kconfig", ids["bool"], offset=4, size=1),
        ExternSpec("LINUX_HAS_BPF_COOKIE", "kconfig", ids["bool"], offset=5, size=1),
    )
    assert kconfig_data(spec, Kernel()).contents.hex() == "ff0106000100"  # 300 is more than a byte


def resolved(spec, kernel, *instructions):
    code = Bytecode("p", tuple(one._replace(reference=name) for one, name in instructions))
    program = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_KPROBE, code)
    done = resolve_ksyms(spec._replace(programs={"p": program}), kernel).programs["p"].code
    assert not any(one.kind in ("ksym", "kfunc") for one in done.references.values())
    return done if done.references else done.instructions


LOAD = Instruction(LD_IMM64, dst=1)


def test_names_become_type_ids_or_addresses(types):
    ids, btf = types
    b = BtfBuilder()
    integer = b.add_int("int", 4)
    variable = b.add_var("runqueues", integer)
    function = b.add_func("bpf_lock", b.add_func_proto(0))
    spec = asking(
        btf,
        ExternSpec("runqueues", "ksym", ids["int"]),
        ExternSpec("bpf_prog_put", "ksym", ids["const void"]),
        ExternSpec("bpf_lock", "kfunc", ids["int"]),
        ExternSpec("never", "kfunc", ids["int"], weak=True),
    )
    kernel = Kernel(symbols={"bpf_prog_put": 0xFFFF_FFFF_8100_0000}, types=Btf(b.encode()))
    done = resolved(
        spec,
        kernel,
        (LOAD, Reference("ksym", "runqueues")),
        (LOAD, Reference("ksym", "bpf_prog_put")),
        (Instruction(CALL, src=2), Reference("kfunc", "bpf_lock")),
        (LOAD, Reference("kfunc", "never")),
        (Instruction(CALL, src=2), Reference("kfunc", "never")),
    )
    assert done == (
        LOAD._replace(src=3, imm=variable),
        LOAD._replace(src=0, imm=0xFFFF_FFFF_8100_0000),
        Instruction(CALL, src=2, imm=function),
        LOAD._replace(src=0, imm=0),
        Instruction(CALL, src=0, imm=ABSENT_CALL + 3),  # the fourth extern
    )


def with_flavours(weak):
    """Return an object with two flavours of bpf_lock, by their prototypes, and this kernel."""
    b = BtfBuilder()
    number = b.add_int("int", 4)
    returns = b.add_func("bpf_lock___returns", b.add_func_proto(number))
    takes = b.add_func("bpf_lock___takes", b.add_func_proto(0, [("lock", number)]))
    spec = asking(
        Btf(b.encode()),
        ExternSpec("bpf_lock___returns", "kfunc", returns, weak=weak),
        ExternSpec("bpf_lock___takes", "kfunc", takes, weak=weak),
    )
    image = BtfBuilder()
    function = image.add_func(
        "bpf_lock", image.add_func_proto(0, [("lock", image.add_int("int", 4))])
    )
    return spec, Kernel(types=Btf(image.encode())), function


def test_the_flavour_with_the_kernels_prototype_is_used():
    spec, kernel, function = with_flavours(weak=True)
    done = resolved(
        spec,
        kernel,
        (LOAD, Reference("kfunc", "bpf_lock___returns")),
        (LOAD, Reference("kfunc", "bpf_lock___takes")),
        (Instruction(CALL, src=2), Reference("kfunc", "bpf_lock___takes")),
    )
    assert done[0] == LOAD._replace(src=0, imm=0)
    assert done[1].imm == function
    assert done[2] == Instruction(CALL, src=2, imm=function)


def test_another_prototype_is_an_error_unless_weak():
    spec, kernel, _function = with_flavours(weak=False)
    with pytest.raises(UnsupportedError, match="the prototype of bpf_lock in this kernel differs"):
        resolved(spec, kernel, (LOAD, Reference("kfunc", "bpf_lock___returns")))


def test_a_missing_name_is_an_error_unless_weak(types):
    ids, btf = types
    spec = asking(btf, ExternSpec("never", "ksym", ids["const void"]))
    with pytest.raises(UnsupportedError, match="no variable never"):
        resolved(spec, Kernel(), (LOAD, Reference("ksym", "never")))


def test_a_name_in_a_module_keeps_a_reference_to_the_module(types):
    ids, btf = types
    image = BtfBuilder()
    image.add_int("int", 4)
    image = Btf(image.encode())
    b = BtfBuilder(base=image)
    variable = b.add_var("nft_state", 1)
    function = b.add_func("nft_lookup", b.add_func_proto(0))
    spec = asking(
        btf,
        ExternSpec("nft_state", "ksym", ids["int"]),
        ExternSpec("nft_lookup", "kfunc", ids["int"]),
    )
    done = resolved(
        spec,
        Kernel(types=image, modules={"nft": Btf(b.encode(), image)}),
        (LOAD, Reference("ksym", "nft_state")),
        (Instruction(CALL, src=2), Reference("kfunc", "nft_lookup")),
    )
    state, lookup = Reference("module_ksym", "nft:nft_state"), "nft:nft_lookup"
    assert done.instructions == (
        LOAD._replace(src=3, imm=variable, reference=state),
        Instruction(CALL, 0, 2, 1, function, Reference("module_kfunc", lookup)),
    )
    assert [need.since for need in newer_than(done.instructions, (5, 15))] == [(5, 16)]
    assert done.modules == ["nft"]
    told = decode_all(done.encode(modules={"other": 8, "nft": 9}))
    assert told[0].imm == variable | 9 << 32
    assert (told[1].off, told[1].imm) == (1, function)
    with pytest.raises(BytecodeError, match="function of a module 'nft:nft_lookup'"):
        done._replace(instructions=done.instructions[1:]).encode()


def test_a_kfunc_in_a_module_without_btf_is_an_error(types):
    ids, btf = types
    spec = asking(btf, ExternSpec("nft_lookup", "kfunc", ids["int"]))
    kernel = Kernel(types=btf, owners=["nft_lookup"])
    with pytest.raises(UnsupportedError, match=r"module nft has no BTF; use Linux 5\.11"):
        resolved(spec, kernel, (Instruction(CALL, src=2), Reference("kfunc", "nft_lookup")))
