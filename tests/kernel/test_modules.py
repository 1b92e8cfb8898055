"""Find functions, types and variables of modules, load programs, and keep modules in use.

The guest has loaded nf_conntrack, x_tables and dummy (MODULES in tools/lib/check_all.py). Up to
5.10, modules have no BTF.
"""

import subprocess
from pathlib import Path

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction
from rawbpf.collection.collection import Collection
from rawbpf.collection.object_source import read_object
from rawbpf.errors import AttachError, KernelError, UnsupportedError, VerifierError
from rawbpf.kernel.version import kernel_version
from rawbpf.links.perf_events import open_event
from rawbpf.programs.program import KernelProgram
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProbeKind, ProbeSpec, ProgramSpec
from rawbpf.syscall.bpf import prog_info
from rawbpf.syscall.bpf_object import obj_get
from rawbpf.syscall.capset import without_capabilities
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.bpf_insn import BPF_PSEUDO_MAP_VALUE
from tests.support.bpf_objects import CLANGS, built
from tests.support.modules import load_module, unload_module
from tests.support.peers import peer

pytestmark = pytest.mark.modules

XMIT = ProbeSpec(ProbeKind.KPROBE, "dummy:dummy_xmit")

DESCRIBED = kernel_version() >= (5, 11)
UNTYPED = "module dummy has no BTF; use Linux 5.11 "
PINS = Path("/sys/fs/bpf/connections")


AT = bpf_attach_type


def at_entry_of(function, kernel, at=AT.BPF_TRACE_FENTRY, prefix="fentry"):
    """Return an empty program for a function's entry, or for another attach type."""
    code = Bytecode("nothing", (Instruction(0xB7), Instruction(0x95)))
    spec = ProgramSpec(
        "nothing",
        bpf_prog_type.BPF_PROG_TYPE_TRACING,
        code,
        "GPL",
        section=f"{prefix}/{function}",
        expected_attach_type=at,
        attach_to=function,
    )
    return Collection(ObjectSpec({"nothing": spec}, license="GPL"), kernel)


def unload_and_load_again(name):
    unload_module(name)
    load_module(name)


def test_the_code_is_that_of_libbpf(kernel):
    path = built("connections", CLANGS[-1])
    words = [peer("bpftool"), "prog", "loadall", str(path), str(PINS)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    try:
        with Collection(read_object(path), kernel) as ours:
            ours.load()
            for name, program in ours.programs.items():
                with KernelProgram(obj_get(str(PINS / name))) as theirs:
                    assert comparable(program) == comparable(theirs), name
    finally:
        for pin in PINS.iterdir():
            pin.unlink()
        PINS.rmdir()


def comparable(program):
    """Return the translated instructions without the IDs of maps, which always differ."""
    _, arrays = prog_info(program.fileno(), "xlated")
    data = bytearray(arrays["xlated"])
    for at in range(0, len(data), 8):
        if data[at] == 0x18 and data[at + 1] >> 4 in (1, BPF_PSEUDO_MAP_VALUE):
            data[at + 4 : at + 8] = bytes(4)
    return data.hex(" ", 8).split()


def test_a_link_keeps_its_module_loaded(kernel):
    with at_entry_of("dummy:dummy_xmit", kernel) as one:
        if not DESCRIBED:
            with pytest.raises(UnsupportedError, match=UNTYPED):
                one.load()
            return
        with (
            without_capabilities(["CAP_SYS_ADMIN"]),
            pytest.raises(
                KernelError, match=r"cannot open the BTF of module dummy: .* requires CAP_SYS_ADMIN"
            ),
        ):
            one.load()
    with at_entry_of("dummy:dummy_xmit", kernel) as one:
        one.load()
        one.attach()
        assert one.links
        with pytest.raises(BlockingIOError):
            unload_module("dummy")
        one.detach()
    unload_and_load_again("dummy")


def test_a_kprobe_does_not_keep_its_module_loaded():
    with open_event(XMIT):
        unload_and_load_again("dummy")


def test_fexit_attaches_and_fmod_ret_is_rejected(kernel):
    if DESCRIBED:
        with at_entry_of("dummy:dummy_xmit", kernel, AT.BPF_TRACE_FEXIT, "fexit") as one:
            one.load()
            one.attach()
            assert one.links
        with (
            at_entry_of("dummy:dummy_xmit", kernel, AT.BPF_MODIFY_RETURN, "fmod_ret") as one,
            pytest.raises(VerifierError, match="may not change the return value of dummy_xmit"),
        ):
            one.load()


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("rawbpf_never_was:f", "module rawbpf_never_was is not loaded; load the module: modprobe"),
        (
            "dummy:vfs_read",
            "the BTF of module dummy does not contain vfs_read" if DESCRIBED else UNTYPED,
        ),
        ("vmlinux:dummy_xmit", "the BTF of the kernel image does not contain dummy_xmit"),
        ("rawbpf_never_was", "inlined, not compiled in, or part of a module that is not loaded"),
    ],
)
def test_missing_functions_and_types(kernel, function, why):
    with at_entry_of(function, kernel) as one, pytest.raises(UnsupportedError, match=why):
        one.load()


def test_a_module_unloaded_meanwhile(kernel):
    assert ("dummy" in kernel.modules) == DESCRIBED
    unload_module("dummy")
    try:
        with (
            at_entry_of("dummy:dummy_xmit", kernel) as one,
            pytest.raises(UnsupportedError, match="module dummy is not loaded"),
        ):
            one.load()
        with pytest.raises(AttachError, match="module dummy is not loaded"):
            open_event(XMIT)
    finally:
        load_module("dummy")
