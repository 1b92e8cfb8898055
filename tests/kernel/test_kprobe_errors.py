"""Each error is one clear line: what failed, why, what to do."""

import errno
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import rawbpf as library
from rawbpf.arch import X86_64, native
from rawbpf.asm import Builder, r0, r1
from rawbpf.errors import AttachError, VerifierError
from rawbpf.links.perf_events import open_event
from rawbpf.specs.program_spec import ProbeKind, ProbeSpec, ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.command import RAWBPF, rawbpf


def error_of(*words, status=1, **options) -> str:
    done = rawbpf(*words, **options)
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_unknown_function_suggests_similar_names():
    assert "do_sys_openat2" in error_of("kprobe", "do_sys_openat3")
    assert "sys_read" in error_of("kprobe", "sys_read")


def test_an_unknown_dotted_name():
    assert "a.b.c" in error_of("kprobe", "a.b.c")


def test_an_offset_must_be_the_start_of_an_instruction():
    errnos = set()
    for offset in (3, 4, 5):  # inside endbr64, and inside the bytes that ftrace patches
        try:
            open_event(ProbeSpec(ProbeKind.KPROBE, "vfs_rmdir", offset=offset)).close()
        except AttachError as error:
            errnos.add(error.errno)
        else:
            errnos.add(0)
    # arm64 rejects odd addresses, and the instruction that ftrace replaces, with EINVAL.
    assert errnos == ({0, errno.EILSEQ} if native() is X86_64 else {errno.EINVAL})


def test_a_blacklisted_function_is_reported():
    """A probe on the breakpoint handler would recurse without end."""
    said = error_of("kprobe", "do_int3")
    assert "do_int3" in said


DROP = """
import ctypes, os, resource, sys
resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
libc = ctypes.CDLL(None, use_errno=True)
keep = [int(bit) for bit in sys.argv[1].split(",") if bit]
for bit in range(64):
    if bit not in keep and libc.prctl(24, bit, 0, 0, 0) != 0:   # PR_CAPBSET_DROP
        break
if sys.argv[2] != "0":
    libc.prctl(8, 1, 0, 0, 0)                                    # PR_SET_KEEPCAPS
    os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
os.execv(sys.argv[3], sys.argv[3:])
"""

CAP_PERFMON, CAP_BPF, CAP_SYSLOG = 38, 39, 34


def without_capabilities(keep, uid=0, *words: str) -> subprocess.CompletedProcess:
    kept = ",".join(map(str, keep))
    command = [sys.executable, "-c", DROP, kept, str(uid), *RAWBPF, "kprobe", "do_sys_openat2"]
    command += ["-d", "0.2", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def paranoid_level():
    """Set perf_event_paranoid during a test."""
    setting = Path("/proc/sys/kernel/perf_event_paranoid")
    before = setting.read_text()
    yield setting.write_text
    setting.write_text(before)


@pytest.mark.parametrize(
    ("keep", "uid", "lacks"),
    [
        ([], 65534, "CAP_BPF and CAP_PERFMON"),
        ([CAP_BPF], 0, "CAP_PERFMON"),
        ([CAP_PERFMON], 0, "CAP_BPF"),
    ],
)
def test_a_missing_capability_is_named(keep, uid, lacks):
    done = without_capabilities(keep, uid)
    assert done.returncode == 1
    assert lacks in done.stderr
    assert "Traceback" not in done.stderr


ENOUGH = CAP_BPF, CAP_PERFMON, CAP_SYSLOG


def test_two_capabilities_are_enough(paranoid_level):
    paranoid_level("2")
    done = without_capabilities(ENOUGH)
    assert done.returncode == 0, done.stderr


def test_level_3_of_debian_is_named(paranoid_level):
    """Debian's kernels have a level 3, at which everybody needs CAP_SYS_ADMIN."""
    paranoid_level("3")
    done = without_capabilities(ENOUGH)
    assert done.returncode == 1
    assert "perf_event_paranoid" in done.stderr


def test_a_rejected_program_shows_the_verifiers_message():
    b = Builder("bad")
    b.ldxdw(r0, r1[100_0])
    b.exit()
    spec = ProgramSpec("bad", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())
    with pytest.raises(VerifierError) as caught, library.Kprobe("do_sys_openat2", program=spec):
        pass
    assert "cannot read 8 bytes at offset 1000 of the context" in str(caught.value)
    assert "invalid bpf_context access" in caught.value.cause
    assert "invalid bpf_context access" in caught.value.log
    assert "r0 = *(u64 *)(r1 +1000)" in caught.value.log


def test_rings_larger_than_the_users_limit(paranoid_level):
    """Without CAP_IPC_LOCK, rings are limited to perf_event_mlock_kb, half a megabyte per CPU."""
    paranoid_level("2")
    done = without_capabilities(ENOUGH, 0, "--buffer-pages", "32768")
    assert done.returncode == 1
    assert "cannot map a ring of 32768 pages" in done.stderr
    assert "--buffer-pages" in done.stderr


def test_few_file_descriptors():
    """Perf rings need one descriptor for each CPU. Whichever call fails, it ends in one line."""
    for limit in (5, 6, 8, 12):
        done = rawbpf(
            "kprobe", "do_sys_openat2", "-d", "0.1",
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, limit)),
        )  # fmt: skip
        assert "Traceback" not in done.stderr, (limit, done.stderr)
        if limit < 8:
            assert done.returncode == 1
            assert "EMFILE (Too many open files)" in done.stderr
