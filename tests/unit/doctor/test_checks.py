"""Each check on simulated machines: a good one, and one for each problem."""

import resource

import pytest

from rawbpf.doctor import checks as facts
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Check, Status, fail, ok
from rawbpf.errors import FormatError, UnsupportedError
from tests.support.machine import Machine

OK, WARN, FAIL = Status.OK, Status.WARN, Status.FAIL
MISSING, UNKNOWN = Status.MISSING, Status.UNKNOWN
SYS_ADMIN_AND_RESOURCE = 1 << 21 | 1 << 24
TRACER = 1 << 38 | 1 << 39


@pytest.fixture
def machine(tmp_path):
    """A machine without problems."""
    machine = Machine(tmp_path).process().user_namespace().kprobe_pmu()
    machine.release("6.12.0").kallsyms("ffffffff81000010 T vfs_read\n")
    machine.mounts("t /sys/kernel/tracing tracefs rw 0 0")
    machine.file("/sys/devices/system/cpu/possible", "0-3").file(
        "/sys/devices/system/cpu/online", "0-2"
    )
    machine.file("/sys/kernel/btf/vmlinux", b"\x9f\xeb" * 2048)
    machine.file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
    for name, value in {
        "kernel/kptr_restrict": 0,
        "kernel/perf_event_paranoid": 2,
        "kernel/unprivileged_bpf_disabled": 2,
        "net/core/bpf_jit_enable": 1,
    }.items():
        machine.file(f"/proc/sys/{name}", f"{value}\n")
    return machine


FACTS = [
    facts.kernel,
    facts.machine,
    facts.kprobes,
    facts.jit,
    facts.memlock,
    facts.btf,
    facts.trace_file_system,
    facts.capabilities,
    facts.sandbox,
    facts.lockdown,
    facts.perf,
    facts.unprivileged_bpf,
    facts.kernel_addresses,
]


@pytest.mark.parametrize("look", FACTS, ids=lambda look: look.__name__)
def test_a_good_machine(machine, look):
    status, evidence, fix = look(machine.root)
    assert status is OK, evidence
    assert evidence
    assert not fix


def found(look, machine, status, *words):
    finding = look(machine.root)
    assert finding.status is status, finding
    for word in words:
        assert word in finding.evidence + " | " + finding.fix
    return finding


def test_cpus_are_counted(machine):
    found(facts.machine, machine, OK, "3 of 4 possible CPUs online")


def test_an_unsupported_architecture(machine, monkeypatch):
    monkeypatch.setattr("os.uname", lambda: type("Names", (), {"machine": "riscv64"}))
    checks = Check("machine", facts.machine), Check("QEMU", facts.qemu)
    (_, architecture), (_, emulator) = examine(checks, machine.root)
    assert architecture.status is FAIL
    assert "riscv64" in architecture.evidence
    assert architecture.fix == "use a machine with x86-64 or arm64"
    assert emulator == (
        MISSING,
        "`rawbpf guest` cannot run here: unsupported architecture 'riscv64'",
        "",
    )


def test_an_old_kernel(machine):
    machine.release("5.7.19")
    found(facts.kernel, machine, FAIL, "Linux 5.7.19 is older than 5.8", "rawbpf guest")


def test_a_kernel_without_kprobes_shows_its_configuration(machine):
    (machine.root / "sys/bus/event_source/devices/kprobe/type").unlink()
    found(facts.kprobes, machine, FAIL, "no kprobe PMU", "CONFIG_KPROBE_EVENTS", "guest")
    machine.file("/boot/config-6.12.0", "# CONFIG_KPROBES is not set\n")
    found(facts.kprobes, machine, FAIL, "built without CONFIG_KPROBES and CONFIG_KPROBE_E")


def test_a_kernel_with_kprobes_off_by_one_option(machine):
    (machine.root / "sys/bus/event_source/devices/kprobe/type").unlink()
    machine.file("/boot/config-6.12.0", "CONFIG_KPROBES=y\n")
    finding = found(facts.kprobes, machine, FAIL, "built without CONFIG_KPROBE_EVENTS")
    assert "CONFIG_KPROBES" not in finding.evidence


def test_missing_btf_is_a_warning(machine):
    (machine.root / "sys/kernel/btf/vmlinux").unlink()
    found(facts.btf, machine, WARN, "CONFIG_DEBUG_INFO_BTF")


def test_missing_tracefs_is_a_warning(machine):
    machine.mounts()
    found(facts.trace_file_system, machine, WARN, "does not need it", "mount -t tracefs")


@pytest.mark.parametrize(
    ("limit", "capabilities", "status", "words"),
    [
        (64 << 10, SYS_ADMIN_AND_RESOURCE, OK, "which rawbpf raises"),
        (64 << 10, TRACER, WARN, "RLIMIT_MEMLOCK, which is 64 kB"),
        (resource.RLIM_INFINITY, TRACER, OK, "which is unlimited"),
        (256 << 20, TRACER, OK, "which is 256 MB"),
    ],
)
def test_locked_memory_on_an_old_kernel(machine, monkeypatch, limit, capabilities, status, words):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    machine.release("5.10.0").process(capabilities=capabilities)
    found(facts.memlock, machine, status, words)


@pytest.mark.parametrize(("level", "status"), [("0", WARN), ("1", OK), ("2", OK), (None, UNKNOWN)])
def test_the_jit_setting(machine, level, status):
    file = machine.root / "proc/sys/net/core/bpf_jit_enable"
    file.unlink() if level is None else file.write_text(level)
    found(facts.jit, machine, status, "bpf_jit_enable")


def test_missing_capabilities(machine):
    machine.process(capabilities=0)
    found(facts.capabilities, machine, FAIL, "lacks CAP_BPF and CAP_PERFMON", "sudo")
    machine.file("/.dockerenv", "")
    found(facts.capabilities, machine, FAIL, "docker container with --cap-add=BPF")


def test_capabilities_of_another_user_namespace(tmp_path):
    machine = Machine(tmp_path).process().user_namespace("user:[4026532448]")
    found(facts.capabilities, machine, FAIL, "user namespace", "rawbpf guest")


def test_containers_and_seccomp_filters(machine):
    machine.file("/run/.containerenv", "")
    found(facts.sandbox, machine, OK, "in a podman container")
    machine.process(seccomp=2)
    found(facts.sandbox, machine, WARN, "seccomp filter", "podman")


@pytest.mark.parametrize(
    ("mode", "status"), [("none", OK), ("integrity", WARN), ("confidentiality", FAIL)]
)
def test_lockdown(machine, mode, status):
    machine.file("/sys/kernel/security/lockdown", f"x [{mode}] y\n")
    finding = found(facts.lockdown, machine, status)
    assert (mode in finding.evidence) == (status is not OK)


def test_lockdown_unknown(machine):
    (machine.root / "sys/kernel/security/lockdown").unlink()
    found(facts.lockdown, machine, UNKNOWN, "securityfs is not mounted", "mount -t securityfs")
    machine.mounts("s /sys/kernel/security securityfs rw 0 0")
    finding = found(facts.lockdown, machine, UNKNOWN, "lockdown state unknown")
    assert not finding.fix
    machine.file("/boot/config-6.12.0", "# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n")
    found(facts.lockdown, machine, OK, "built without lockdown")


@pytest.mark.parametrize(
    ("level", "advice"), [("0", "CAP_SYSLOG"), ("1", "CAP_SYSLOG"), ("2", "kptr_restrict=1")]
)
def test_hidden_addresses(machine, level, advice):
    machine.kallsyms("0000000000000000 T vfs_read\n")
    machine.file("/proc/sys/kernel/kptr_restrict", level)
    found(facts.kernel_addresses, machine, WARN, "hidden", advice)


def test_no_kallsyms(machine):
    (machine.root / "proc/kallsyms").unlink()
    found(facts.kernel_addresses, machine, WARN, "cannot suggest function names", "CONFIG_KALLSYMS")


@pytest.mark.parametrize(
    ("level", "capabilities", "status", "words"),
    [
        ("-1", TRACER, OK, "require CAP_PERFMON"),
        ("2", TRACER, OK, "require CAP_PERFMON"),
        ("3", TRACER, FAIL, "perf_event_paranoid is 3"),
        ("3", SYS_ADMIN_AND_RESOURCE, OK, "require CAP_SYS_ADMIN"),
    ],
)
def test_perf(machine, level, capabilities, status, words):
    machine.file("/proc/sys/kernel/perf_event_paranoid", level).process(capabilities=capabilities)
    found(facts.perf, machine, status, words)


def test_a_kernel_without_perf_or_bpf(machine):
    for name in ("perf_event_paranoid", "unprivileged_bpf_disabled"):
        (machine.root / f"proc/sys/kernel/{name}").unlink()
    found(facts.perf, machine, FAIL, "does not support perf events")
    found(facts.unprivileged_bpf, machine, FAIL, "does not support bpf(2)")


def test_unprivileged_bpf_is_a_warning(machine):
    machine.file("/proc/sys/kernel/unprivileged_bpf_disabled", "0")
    found(facts.unprivileged_bpf, machine, WARN, "any user", "sysctl")


def test_programs_that_are_not_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for look in (facts.clang, facts.qemu):
        found(look, Machine(tmp_path), MISSING, "is not installed", "apt install")
    (tmp_path / "clang").write_text("")
    (tmp_path / "clang").chmod(0o755)
    found(facts.clang, Machine(tmp_path), OK, str(tmp_path / "clang"))


def test_an_error_in_a_check_is_a_failure_of_that_check():
    def damaged(_):
        raise FormatError("the file is damaged", why="it is not a number")

    def absent(_):
        raise UnsupportedError("there is no such thing", fix="get one")

    results = examine([Check("a", damaged), Check("b", absent), Check("c", lambda _: ok("fine"))])
    assert [(r.name, *r.finding) for r in results] == [
        ("a", FAIL, "the file is damaged: it is not a number", ""),
        ("b", FAIL, "there is no such thing", "get one"),
        ("c", OK, "fine", ""),
    ]


def test_a_repeated_fix_refers_to_the_first_check():
    checks = [Check(name, lambda _: fail("bad", "do this")) for name in "abc"]
    assert [result.finding.fix for result in examine(checks)] == [
        "do this",
        "see `a` above",
        "see `a` above",
    ]
