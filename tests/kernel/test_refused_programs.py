"""Programs whose load fails before the verifier starts, or because it is interrupted."""

import signal

import pytest

from rawbpf.asm import Builder
from rawbpf.errors import KernelError
from rawbpf.kernel.version import kernel_version
from rawbpf.refusals.explain import explained_error
from rawbpf.source.assembler import assemble
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall import bpf
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from rawbpf.uapi.capability import ATTACH_TYPES
from tests.support.refusals import held, load_refusal, note, program, two

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]

P, A = bpf_prog_type, bpf_attach_type
VERSION = kernel_version()


def test_programs():
    assert load_refusal(program(777)).code == "RB-E011"
    expected = {"expected_attach_type": A.BPF_CGROUP_INET6_BIND}
    found = load_refusal(program(P.BPF_PROG_TYPE_CGROUP_SKB, **expected))
    assert (found.code, found.trial.accepted) == ("RB-E012", True)
    assert found.patch[-1] == "+ expected_attach_type = BPF_CGROUP_INET_INGRESS"
    found = load_refusal(program(P.BPF_PROG_TYPE_XDP, prog_flags=1 << 20))
    assert (found.code, found.trial.accepted) == ("RB-E014", True)
    nothing = Builder("none").build()
    spec = ProgramSpec("none", P.BPF_PROG_TYPE_XDP, nothing)
    assert "has no instructions" in load_refusal(spec).sentence


def raw_load(**fields):
    """Return the error of a BPF_PROG_LOAD made directly."""
    code = two().encode()
    struct = BpfAttrProgLoad(**{"prog_type": P.BPF_PROG_TYPE_XDP, "insn_cnt": 2, **fields})
    attr = Attr(struct).point("insns", code).point("license", b"GPL\0")
    with pytest.raises(KernelError) as caught:
        bpf.prog_load(attr.ends_at("prog_name"), "two").close()
    return note(explained_error("cannot load it", caught.value))


def test_programs_loaded_by_a_direct_call():
    assert raw_load(log_level=64, log_size=4096, log_buf=4096).code == "RB-E016"
    assert raw_load(attach_btf_id=5).code == "RB-E013"
    found = raw_load(prog_type=P.BPF_PROG_TYPE_STRUCT_OPS)
    assert found.code == "RB-E017"
    assert raw_load(insn_cnt=1_000_001).code == "RB-E010"


def test_attach_types_are_those_of_this_kernel():
    """Each program type accepts the attach types in the table that this kernel has, no others."""
    for kind, taken in ATTACH_TYPES.items():
        tried = (*taken[:2], A.BPF_TRACE_ITER)
        said = {one: held(program(kind, expected_attach_type=one)) for one in tried}
        if set(said.values()) == {"RB-E011"}:
            continue  # this kernel lacks the type
        if kind is not P.BPF_PROG_TYPE_SK_REUSEPORT or VERSION >= (5, 14):
            assert list(said.values()) == [*("" for _ in taken[:2]), "RB-E012"], kind


LONG = """
.program long, "xdp"
        r1 = 0
again:  r1 += 1
        if r1 < 200000 goto again
        r0 = 0
        exit
"""


def test_signals():
    """A timer interrupts the verifier, which checks a long loop."""
    (spec,) = assemble(LONG, "long.bpf.s").programs.values()
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        found = load_refusal(spec)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert found.code == "RB-E018"
