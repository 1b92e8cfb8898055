"""The reasons for EPERM, told apart by facts about the system."""

import resource

import pytest

from rawbpf.kernel.permission import why_denied
from tests.support.machine import Machine


@pytest.fixture
def machine(tmp_path):
    """A machine that denies nothing."""
    machine = Machine(tmp_path).process().user_namespace().release("6.1.0")
    return machine.file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")


def test_an_unknown_reason(machine):
    why, fix = why_denied(machine.root)
    assert "although capabilities and lockdown permit it" in why
    assert "SELinux" in fix


def test_an_unprivileged_user(machine):
    why, fix = why_denied(machine.process(capabilities=0).root)
    assert why == "this process lacks CAP_BPF and CAP_PERFMON"
    assert "sudo" in fix


def test_one_capability_of_two(machine):
    assert why_denied(machine.process(capabilities=1 << 39).root).why.endswith("lacks CAP_PERFMON")


def test_the_fix_for_a_container_names_its_options(machine):
    machine.process(capabilities=0, seccomp=2).file("/.dockerenv", "")
    assert "docker container with --cap-add=BPF --cap-add=PERFMON" in why_denied(machine.root).fix


def test_capabilities_of_a_rootless_container_are_not_valid(tmp_path):
    machine = Machine(tmp_path).process().user_namespace("user:[4026532448]")
    machine.file("/run/.containerenv", "")
    assert "user namespace" in why_denied(machine.root).why


@pytest.mark.parametrize("mode", ["integrity", "confidentiality"])
def test_lockdown(machine, mode):
    machine.file("/sys/kernel/security/lockdown", f"none [{mode}]\n")
    why, fix = why_denied(machine.root, call="perf_event_open")
    assert why.startswith("possibly because ") == (mode == "integrity")
    assert f"locked down ({mode})" in why
    assert ("upstream kernels allow kprobes" in why) == (mode == "integrity")
    assert "Secure Boot" in fix


def test_a_low_rlimit_memlock_matters_only_before_5_11(machine, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 << 10, 64 << 10))
    assert "MEMLOCK" not in why_denied(machine.root).why
    why, fix = why_denied(machine.release("5.10.0").root)
    assert "64 kB" in why
    assert "ulimit -l" in fix


def test_reasons_that_do_not_suffice_are_listed(machine, monkeypatch):
    machine.process(seccomp=2).file("/.dockerenv", "")
    module = "because a security module (SELinux, AppArmor) denied it"
    seccomp = "a seccomp filter restricts the system calls of the docker container"
    assert why_denied(machine.root).why == f"possibly because {seccomp} or {module}"
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 << 10, 64 << 10))
    why, _ = why_denied(machine.release("5.10.0").root)
    assert why.index("RLIMIT_MEMLOCK") < why.index(seccomp) < why.index(module)


def test_perf_event_paranoid_denies_perf_events_only(machine):
    machine.process(capabilities=1 << 38 | 1 << 39)
    machine.file("/proc/sys/kernel/perf_event_paranoid", "3\n")
    assert "although capabilities" in why_denied(machine.root).why
    why, _ = why_denied(machine.root, call="perf_event_open")
    assert why == "perf_event_paranoid is 3, which requires CAP_SYS_ADMIN on this kernel"


@pytest.mark.parametrize("capabilities", [0, 1 << 39, 1 << 38])
def test_no_fix_suggests_capabilities_for_the_interpreter(machine, capabilities):
    why, fix = why_denied(machine.process(capabilities=capabilities).root)
    assert "setcap" not in why + fix
    assert "rawbpf guest" in fix
