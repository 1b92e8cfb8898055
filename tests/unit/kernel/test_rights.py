"""Capabilities, namespaces, lockdown, sysctls, seccomp and containers."""

import pytest

from rawbpf.errors import FormatError
from rawbpf.kernel.rights import (
    bpf_jit_enable,
    container,
    effective_capabilities,
    filtered_by_seccomp,
    in_initial_user_namespace,
    kptr_restrict,
    lockdown_mode,
    missing_capabilities,
    perf_event_paranoid,
    unprivileged_bpf_disabled,
)
from rawbpf.uapi.capability import CAPABILITIES
from tests.support.machine import ALL_CAPABILITIES, Machine

BPF, PERFMON, SYS_ADMIN = 1 << 39, 1 << 38, 1 << 21
NEEDED = {"CAP_BPF", "CAP_PERFMON"}


def test_every_capability_has_a_name(tmp_path):
    machine = Machine(tmp_path).process(capabilities=ALL_CAPABILITIES)
    assert effective_capabilities(machine.root) == set(CAPABILITIES)
    assert len(CAPABILITIES) == 41


def test_capabilities_newer_than_the_table_are_ignored(tmp_path):
    machine = Machine(tmp_path).process(capabilities=(1 << 64) - 1)
    assert effective_capabilities(machine.root) == set(CAPABILITIES)


@pytest.mark.parametrize(
    ("mask", "missing"),
    [
        (0, ["CAP_BPF", "CAP_PERFMON"]),
        (BPF, ["CAP_PERFMON"]),
        (BPF | PERFMON, []),
        (SYS_ADMIN, []),
        (ALL_CAPABILITIES & ~SYS_ADMIN & ~BPF, ["CAP_BPF"]),
    ],
)
def test_sys_admin_includes_bpf_and_perfmon(tmp_path, mask, missing):
    machine = Machine(tmp_path).process(capabilities=mask)
    assert missing_capabilities(NEEDED, machine.root) == missing


def test_sys_admin_does_not_include_syslog(tmp_path):
    machine = Machine(tmp_path).process(capabilities=SYS_ADMIN)
    assert missing_capabilities({"CAP_SYSLOG"}, machine.root) == ["CAP_SYSLOG"]


def test_the_initial_user_namespace(tmp_path):
    assert in_initial_user_namespace(Machine(tmp_path / "a").user_namespace().root)
    other = Machine(tmp_path / "b").user_namespace("user:[4026532448]")
    assert not in_initial_user_namespace(other.root)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("[none] integrity confidentiality\n", "none"),
        ("none [integrity] confidentiality\n", "integrity"),
        ("none integrity [confidentiality]\n", "confidentiality"),
        ("", None),
    ],
)
def test_lockdown_is_the_word_in_brackets(tmp_path, text, mode):
    machine = Machine(tmp_path).file("/sys/kernel/security/lockdown", text)
    assert lockdown_mode(machine.root) == mode


def test_lockdown_without_securityfs_is_unknown(tmp_path):
    assert lockdown_mode(tmp_path) is None


SYSCTLS = [
    (kptr_restrict, "kernel/kptr_restrict"),
    (perf_event_paranoid, "kernel/perf_event_paranoid"),
    (unprivileged_bpf_disabled, "kernel/unprivileged_bpf_disabled"),
    (bpf_jit_enable, "net/core/bpf_jit_enable"),
]


@pytest.mark.parametrize(("read", "name"), SYSCTLS)
def test_sysctls(tmp_path, read, name):
    machine = Machine(tmp_path)
    assert read(machine.root) is None
    machine.file(f"/proc/sys/{name}", "-1\n")
    assert read(machine.root) == -1
    machine.file(f"/proc/sys/{name}", "many\n")
    with pytest.raises(FormatError, match=name):
        read(machine.root)


def test_seccomp_filters_are_mode_2(tmp_path):
    machine = Machine(tmp_path)
    answers = [filtered_by_seccomp(machine.process(seccomp=mode).root) for mode in (0, 1, 2)]
    assert answers == [False, False, True]


@pytest.mark.parametrize(
    ("path", "content", "engine"),
    [
        ("/.dockerenv", "", "docker"),
        ("/run/.containerenv", 'engine="podman-4.3.1"\n', "podman"),
        ("/run/systemd/container", "lxc\n", "lxc"),
        ("/proc/1/environ", b"TERM=linux\0container=systemd-nspawn\0", "systemd-nspawn"),
        ("/proc/1/environ", b"TERM=linux\0mycontainer=1\0", None),
    ],
)
def test_container_engines(tmp_path, path, content, engine):
    assert container(Machine(tmp_path).file(path, content).root) == engine
