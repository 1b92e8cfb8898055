"""Each check on machines made of files: the good one, and each way to be otherwise."""

import resource

import pytest

from rawbpf.doctor import kernel_checks, rights_checks, tool_checks
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Check, Status, fail, ok
from rawbpf.errors import FormatError, UnsupportedError
from tests.support.machine import Machine

OK, WARN, FAIL, MISSING = Status.OK, Status.WARN, Status.FAIL, Status.MISSING
SYS_ADMIN_AND_RESOURCE = 1 << 21 | 1 << 24
TRACER = 1 << 38 | 1 << 39


@pytest.fixture
def machine(tmp_path):
    """A machine on which all is well."""
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
    kernel_checks.kernel,
    kernel_checks.machine,
    kernel_checks.kprobes,
    kernel_checks.jit,
    kernel_checks.memlock,
    kernel_checks.btf,
    kernel_checks.trace_file_system,
    rights_checks.capabilities,
    rights_checks.sandbox,
    rights_checks.lockdown,
    rights_checks.paranoid,
    rights_checks.unprivileged,
    rights_checks.kernel_addresses,
]


@pytest.mark.parametrize("look", FACTS, ids=lambda look: look.__name__)
def test_all_is_well(machine, look):
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


def test_processors_are_counted(machine):
    found(kernel_checks.machine, machine, OK, "3 of 4 possible CPUs online")


def test_an_architecture_that_we_do_not_know(machine, monkeypatch):
    monkeypatch.setattr("os.uname", lambda: type("Names", (), {"machine": "riscv64"}))
    checks = Check("machine", kernel_checks.machine), Check("QEMU", tool_checks.qemu)
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
    found(kernel_checks.kernel, machine, FAIL, "Linux 5.7.19 is older than 5.8.0", "rawbpf guest")


def test_a_kernel_without_kprobes_shows_its_configuration(machine):
    (machine.root / "sys/bus/event_source/devices/kprobe/type").unlink()
    found(kernel_checks.kprobes, machine, FAIL, "no kprobe PMU", "CONFIG_KPROBE_EVENTS", "guest")
    machine.file("/boot/config-6.12.0", "# CONFIG_KPROBES is not set\n")
    found(kernel_checks.kprobes, machine, FAIL, "built without CONFIG_KPROBES and CONFIG_KPROBE_E")


def test_a_kernel_with_kprobes_off_by_one_option(machine):
    (machine.root / "sys/bus/event_source/devices/kprobe/type").unlink()
    machine.file("/boot/config-6.12.0", "CONFIG_KPROBES=y\n")
    finding = found(kernel_checks.kprobes, machine, FAIL, "built without CONFIG_KPROBE_EVENTS")
    assert "CONFIG_KPROBES" not in finding.evidence


def test_no_btf_is_no_obstacle(machine):
    (machine.root / "sys/kernel/btf/vmlinux").unlink()
    found(kernel_checks.btf, machine, WARN, "CONFIG_DEBUG_INFO_BTF")


def test_no_tracefs_is_no_obstacle(machine):
    machine.mounts()
    found(kernel_checks.trace_file_system, machine, WARN, "does not need it", "mount -t tracefs")


@pytest.mark.parametrize(
    ("limit", "capabilities", "status", "words"),
    [
        (64 << 10, SYS_ADMIN_AND_RESOURCE, OK, "rawbpf raises the limit"),
        (64 << 10, TRACER, WARN, "the limit is 64 kB"),
        (resource.RLIM_INFINITY, TRACER, OK, "the limit is none"),
        (256 << 20, TRACER, OK, "the limit is 256 MB"),
    ],
)
def test_locked_memory_on_an_old_kernel(machine, monkeypatch, limit, capabilities, status, words):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    machine.release("5.10.0").process(capabilities=capabilities)
    found(kernel_checks.memlock, machine, status, words)


@pytest.mark.parametrize(("level", "status"), [("0", WARN), ("1", OK), ("2", OK), (None, OK)])
def test_the_compiler_of_programs(machine, level, status):
    file = machine.root / "proc/sys/net/core/bpf_jit_enable"
    file.unlink() if level is None else file.write_text(level)
    found(kernel_checks.jit, machine, status, "bpf_jit_enable")


def test_missing_capabilities(machine):
    machine.process(capabilities=0)
    found(rights_checks.capabilities, machine, FAIL, "lacks CAP_BPF and CAP_PERFMON", "sudo")
    machine.file("/.dockerenv", "")
    found(rights_checks.capabilities, machine, FAIL, "docker container --cap-add=BPF")


def test_capabilities_of_another_user_namespace(tmp_path):
    machine = Machine(tmp_path).process().user_namespace("user:[4026532448]")
    found(rights_checks.capabilities, machine, FAIL, "user namespace", "rawbpf guest")


def test_a_container_is_named_and_a_filter_warned_of(machine):
    machine.file("/run/.containerenv", "")
    found(rights_checks.sandbox, machine, OK, "in a podman container")
    machine.process(seccomp=2)
    found(rights_checks.sandbox, machine, WARN, "seccomp filter", "podman")


@pytest.mark.parametrize(
    ("mode", "status"), [("none", OK), ("integrity", WARN), ("confidentiality", FAIL)]
)
def test_lockdown(machine, mode, status):
    machine.file("/sys/kernel/security/lockdown", f"x [{mode}] y\n")
    finding = found(rights_checks.lockdown, machine, status)
    assert (mode in finding.evidence) == (status is not OK)


def test_lockdown_unknown(machine):
    (machine.root / "sys/kernel/security/lockdown").unlink()
    found(rights_checks.lockdown, machine, OK, "no lockdown known of")


@pytest.mark.parametrize(
    ("level", "advice"), [("0", "CAP_SYSLOG"), ("1", "CAP_SYSLOG"), ("2", "kptr_restrict=1")]
)
def test_hidden_addresses(machine, level, advice):
    machine.kallsyms("0000000000000000 T vfs_read\n")
    machine.file("/proc/sys/kernel/kptr_restrict", level)
    found(rights_checks.kernel_addresses, machine, WARN, "hidden", advice)


def test_no_kallsyms(machine):
    (machine.root / "proc/kallsyms").unlink()
    found(rights_checks.kernel_addresses, machine, WARN, "near misses")


@pytest.mark.parametrize(
    ("level", "capabilities", "status", "words"),
    [
        ("-1", TRACER, OK, "open to everybody"),
        ("2", TRACER, OK, "holders of CAP_PERFMON"),
        ("3", TRACER, FAIL, "perf_event_paranoid is 3"),
        ("3", SYS_ADMIN_AND_RESOURCE, OK, "holders of CAP_SYS_ADMIN"),
    ],
)
def test_perf(machine, level, capabilities, status, words):
    machine.file("/proc/sys/kernel/perf_event_paranoid", level).process(capabilities=capabilities)
    found(rights_checks.paranoid, machine, status, words)


def test_a_kernel_without_perf_or_bpf(machine):
    for name in ("perf_event_paranoid", "unprivileged_bpf_disabled"):
        (machine.root / f"proc/sys/kernel/{name}").unlink()
    found(rights_checks.paranoid, machine, FAIL, "has no perf")
    found(rights_checks.unprivileged, machine, FAIL, "has no bpf(2)")


def test_bpf_for_everybody_is_warned_of(machine):
    machine.file("/proc/sys/kernel/unprivileged_bpf_disabled", "0")
    found(rights_checks.unprivileged, machine, WARN, "every user", "sysctl")


def test_programs_that_are_not_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for look in (tool_checks.clang, tool_checks.qemu):
        found(look, Machine(tmp_path), MISSING, "is not installed", "apt install")
    (tmp_path / "clang").write_text("")
    (tmp_path / "clang").chmod(0o755)
    found(tool_checks.clang, Machine(tmp_path), OK, str(tmp_path / "clang"))


def test_what_cannot_be_read_is_a_failure_and_not_the_end():
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


def test_advice_is_given_once():
    checks = [Check(name, lambda _: fail("bad", "do this")) for name in "abc"]
    assert [result.finding.fix for result in examine(checks)] == [
        "do this",
        "see `a` above",
        "see `a` above",
    ]
