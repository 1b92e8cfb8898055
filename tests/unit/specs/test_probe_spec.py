"""Probes from section names and program types."""

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec, ProgramSpec, probe_of
from rawbpf.specs.section_names import SECTION_KINDS, read_section
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

K, P, AT, TYPE = ProbeKind, ProbePoint, bpf_attach_type, bpf_prog_type


def program(section, prog_type=None, attach_type=None):
    """The spec that an object file gives a program in this section."""
    name = read_section(section)
    kind = name.kind
    return ProgramSpec(
        "p",
        prog_type or (kind.prog_type if kind else TYPE.BPF_PROG_TYPE_UNSPEC),
        Bytecode("p", ()),
        expected_attach_type=attach_type or (kind.attach_type if kind else None),
        section=section,
        attach_to=name.attach_to,
    )


@pytest.mark.parametrize(
    ("section", "probe", "text"),
    [
        ("kprobe/do_exit", ProbeSpec(K.KPROBE, "do_exit"), "kprobe do_exit"),
        ("kprobe/do_exit+0x10", ProbeSpec(K.KPROBE, "do_exit", offset=16), "kprobe do_exit+0x10"),
        ("kprobe/dummy:f+4", ProbeSpec(K.KPROBE, "dummy:f", offset=4), "kprobe dummy:f+0x4"),
        ("?kretprobe/f", ProbeSpec(K.KPROBE, "f", P.RETURN), "kretprobe f"),
        ("ksyscall/openat", ProbeSpec(K.KSYSCALL, "openat"), "ksyscall openat"),
        ("kretprobe.multi/vfs_*", ProbeSpec(K.KPROBE_MULTI, "vfs_*", P.RETURN),
         "kretprobe.multi vfs_*"),
        ("kprobe.session/vfs_*", ProbeSpec(K.KPROBE_MULTI, "vfs_*", P.BOTH),
         "kprobe.session vfs_*"),
        ("uprobe.s/libc++.so:f+8", ProbeSpec(K.UPROBE, "libc++.so:f", offset=8),
         "uprobe libc++.so:f+0x8"),
        ("uretprobe//bin/sh:f", ProbeSpec(K.UPROBE, "/bin/sh:f", P.RETURN), "uretprobe /bin/sh:f"),
        ("uprobe.multi.s/c:m*", ProbeSpec(K.UPROBE_MULTI, "c:m*"), "uprobe.multi c:m*"),
        ("tp/sched/sched_switch", ProbeSpec(K.TRACEPOINT, "sched/sched_switch"),
         "tracepoint sched/sched_switch"),
        ("raw_tp.w/x", ProbeSpec(K.RAW_TRACEPOINT, "x"), "raw_tracepoint x"),
        ("fexit.s/f", ProbeSpec(K.FENTRY, "f", P.RETURN), "fexit f"),
        ("fsession/f", ProbeSpec(K.FENTRY, "f", P.BOTH), "fsession f"),
        ("lsm/file_open", ProbeSpec(K.LSM, "file_open"), "lsm file_open"),
        ("iter.s/task", ProbeSpec(K.ITER, "task"), "iter task"),
        ("perf_event", ProbeSpec(K.PROFILE, period_ns=10101010), "profile at 99 Hz"),
        ("usdt", ProbeSpec(K.USDT), "usdt"),
    ],
)  # fmt: skip
def test_a_section_names_a_probe(section, probe, text):
    assert probe_of(program(section)) == probe
    assert str(probe) == text


@pytest.mark.parametrize(
    ("section", "kind", "attach_type", "text"),
    [
        ("xdp", K.XDP, AT.BPF_XDP, "xdp lo"),
        ("tc", K.TC, AT.BPF_TCX_INGRESS, "tcx_ingress lo"),
        ("tcx/egress", K.TC, AT.BPF_TCX_EGRESS, "tcx_egress lo"),
        ("cgroup/connect4", K.CGROUP, AT.BPF_CGROUP_INET4_CONNECT, "cgroup_inet4_connect lo"),
        ("sockops", K.CGROUP, AT.BPF_CGROUP_SOCK_OPS, "cgroup_sock_ops lo"),
    ],
)
def test_interfaces_and_cgroups_are_named_by_the_caller(section, kind, attach_type, text):
    probe = probe_of(program(section), "lo")
    assert probe == ProbeSpec(kind, "lo", attach_type=attach_type)
    assert str(probe) == text
    with pytest.raises(UsageError, match="--at p="):
        probe_of(program(section))


def test_a_target_of_the_caller_replaces_the_section_s():
    assert probe_of(program("kprobe/do_exit"), "vfs_read+4") == ProbeSpec(
        K.KPROBE, "vfs_read", offset=4
    )


@pytest.mark.parametrize(
    ("section", "target", "message"),
    [
        ("kprobe", "", r'no attach target: .*SEC\("kprobe/FUNCTION"\)'),
        ("kprobe/", "", r'no attach target: .*SEC\("kprobe/FUNCTION"\)'),
        ("tracepoint/", "", r'no attach target: .*SEC\("tracepoint/GROUP/NAME"\)'),
        ("kprobe/f+x", "", "invalid offset 'x' in f"),
        ("cgroup/skb", "/sys/fs/cgroup", "does not name a hook"),
    ],
)
def test_what_is_missing_or_malformed_is_a_usage_error(section, target, message):
    with pytest.raises(UsageError, match=message):
        probe_of(program(section), target)


@pytest.mark.parametrize("section", ["struct_ops/x", "freplace/f", "mine", "sk_msg"])
def test_other_sections_do_not_say_how_to_attach(section):
    with pytest.raises(UnsupportedError, match="cannot be attached by its section"):
        probe_of(program(section))


def test_every_tracing_section_has_a_probe():
    types = {TYPE.BPF_PROG_TYPE_KPROBE, TYPE.BPF_PROG_TYPE_TRACEPOINT, TYPE.BPF_PROG_TYPE_TRACING}
    for prefix, kind in SECTION_KINDS.items():
        if kind.prog_type in types:
            assert probe_of(program(f"{prefix}/target")).kind
