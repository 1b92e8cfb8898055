"""Each way in which the kernel says EPERM, told from the others by the facts alone."""

import resource

import pytest

from rawbpf.kernel.permission import why_denied
from tests.support.machine import Machine


@pytest.fixture
def machine(tmp_path):
    """A machine that would allow everything."""
    machine = Machine(tmp_path).process().user_namespace().release("6.1.0")
    return machine.file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")


def test_nothing_known_is_said_to_be_unknown(machine):
    why, fix = why_denied(machine.root)
    assert "although capabilities and lockdown would allow it" in why
    assert "SELinux" in fix


def test_an_ordinary_user(machine):
    why, fix = why_denied(machine.process(capabilities=0).root)
    assert why == "this process lacks CAP_BPF and CAP_PERFMON"
    assert "sudo" in fix


def test_one_capability_of_two(machine):
    assert why_denied(machine.process(capabilities=1 << 39).root).why.endswith("lacks CAP_PERFMON")


def test_a_container_is_given_its_engines_options(machine):
    machine.process(capabilities=0, seccomp=2).file("/.dockerenv", "")
    assert "docker container --cap-add=BPF --cap-add=PERFMON" in why_denied(machine.root).fix


def test_a_rootless_container_has_capabilities_that_do_not_count(tmp_path):
    machine = Machine(tmp_path).process().user_namespace("user:[4026532448]")
    machine.file("/run/.containerenv", "")
    assert "user namespace" in why_denied(machine.root).why


@pytest.mark.parametrize("mode", ["integrity", "confidentiality"])
def test_lockdown_names_its_mode(machine, mode):
    machine.file("/sys/kernel/security/lockdown", f"none [{mode}]\n")
    why, fix = why_denied(machine.root)
    assert f"locked down ({mode})" in why
    assert ("upstream kernels still allow kprobes" in why) == (mode == "integrity")
    assert "Secure Boot" in fix


def test_little_locked_memory_matters_before_5_11_only(machine, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 << 10, 64 << 10))
    assert "locked" not in why_denied(machine.root).why
    why, fix = why_denied(machine.release("5.10.0").root)
    assert "64 kB" in why
    assert "ulimit -l" in fix


def test_a_seccomp_filter_is_the_last_suspect(machine):
    machine.process(seccomp=2).file("/.dockerenv", "")
    why, _ = why_denied(machine.root)
    assert why == "a seccomp filter stands between the docker container and the kernel"


@pytest.mark.parametrize("capabilities", [0, 1 << 39, 1 << 38])
def test_no_fix_lends_capabilities_to_the_interpreter(machine, capabilities):
    why, fix = why_denied(machine.process(capabilities=capabilities).root)
    assert "setcap" not in why + fix
    assert "rawbpf guest" in fix
