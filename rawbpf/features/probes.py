r"""Probe for kernel features by using them.

For helpers, the verifier checks which function is called before it checks the arguments. A call
with invalid arguments therefore fails with EACCES and ``R2 !read_ok`` if the helper exists, and
with EINVAL and one of three messages (depending on the version) if the helper does not exist.

For link types, a link is created with an invalid target. A kernel that supports the link type
rejects the target with EBADF (invalid descriptor) or ESRCH (unknown function). A kernel that does
not support the link type fails with EINVAL.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.asm import Builder, r0
from rawbpf.btf.sanitize import example
from rawbpf.errors import KernelError, UnsupportedError, errno_name
from rawbpf.features.answer import UNKNOWN_TO_KERNEL, Answer, Outcome, attempt
from rawbpf.kernel.btf import btf_modules, loaded_modules
from rawbpf.kernel.hardware import Root, pmu_type, read_text
from rawbpf.syscall.bpf import link_create_perf_event, map_create, prog_load
from rawbpf.syscall.bpf_link import link_create_kprobe_multi, link_create_uprobe_multi
from rawbpf.syscall.bpf_object import btf_load
from rawbpf.syscall.gate import Attr, buffer
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad
from rawbpf.uapi.capability import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.syscall.fd import Fd
    from rawbpf.syscall.gate import Buffer
    from rawbpf.uapi.bpf import bpf_map_type

__all__ = [
    "btf_feature",
    "capability",
    "helper",
    "instruction",
    "kprobe_multi",
    "load_trivial",
    "log_true_size",
    "map_type",
    "memcg_accounting",
    "module_types",
    "perf_event_link",
    "pmu",
    "program_type",
    "uprobe_multi",
]

_LOG_SIZE = 1 << 16
_NO_FD = 0xFFFFFFFF
_NO_FUNCTION = "rawbpf_no_such_function"
_NO_FILE = "/"
_LAST_CAP = "/proc/sys/kernel/cap_last_cap"
_NO_HELPER = ("invalid func ", "unknown func ", "program of this type cannot use helper ")


def _attr(build: Callable[[Builder], None], kind: bpf_prog_type) -> Attr[BpfAttrProgLoad]:
    """Return an attr that loads the instructions from ``build`` followed by ``return 0``."""
    b = Builder("rawbpf_probe")
    build(b)
    b.mov(r0, 0)
    b.exit()
    code = b.build().encode()
    struct = BpfAttrProgLoad(prog_type=kind, insn_cnt=len(code) // 8, prog_name=b"rawbpf_probe")
    attr = Attr(struct).point("insns", code).point("license", b"GPL\0")
    return attr.ends_at("expected_attach_type")


def _nothing(_: Builder) -> None:
    """Add nothing."""


def load_trivial(kind: bpf_prog_type, attach: bpf_attach_type | None = None) -> Fd:
    """Load a program of type ``kind`` that returns 0."""
    attr = _attr(_nothing, kind)
    attr.struct.expected_attach_type = attach or 0
    return prog_load(attr, "rawbpf_probe")


def program_type(kind: bpf_prog_type) -> Answer:
    """Probe for a program type."""
    return attempt(f"load a {kind.name}", lambda: load_trivial(kind))


def instruction(what: str, build: Callable[[Builder], None]) -> Answer:
    """Probe for an instruction by loading a program that contains it."""
    attr = _attr(build, bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    return attempt(f"load a program with {what}", lambda: prog_load(attr, "rawbpf_probe"))


def _with_log(attr: Attr[BpfAttrProgLoad]) -> Buffer:
    log = buffer(_LOG_SIZE)
    attr.point("log_buf", log).struct.log_size = _LOG_SIZE
    attr.struct.log_level = 1
    return log


def helper(name: str, kind: bpf_prog_type = bpf_prog_type.BPF_PROG_TYPE_KPROBE) -> Answer:
    """Probe for a helper function in programs of type ``kind``."""
    attr = _attr(lambda b: b.call(name), kind)
    log = _with_log(attr)
    what = f"call bpf_{name} from a {kind.name}"
    try:
        prog_load(attr, "rawbpf_probe").close()
    except KernelError as error:
        said = log.value.decode(errors="replace")
        if not said:  # the call failed before verification
            return Answer(Outcome.UNSURE, f"{what}: {errno_name(error.errno or 0)}")
        gone = next((line for line in said.splitlines() if line.startswith(_NO_HELPER)), None)
        if gone is not None:
            return Answer(Outcome.NO, f"{what}: {gone}")
    return Answer(Outcome.YES, f"{what}: works")


def log_true_size() -> Answer:
    """Probe for ``log_true_size``, the field in which the kernel returns the log's full length."""
    attr = _attr(_nothing, bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    _with_log(attr)
    attr.ends_at("log_true_size")
    answer = attempt(
        "load a program and request a verifier log", lambda: prog_load(attr, "rawbpf_probe"), no=()
    )
    if answer.outcome is Outcome.YES and not attr.struct.log_true_size:
        return Answer(Outcome.NO, "load a program and request a verifier log: log_true_size is 0")
    return answer


def map_type(kind: bpf_map_type, *, key: int = 4, value: int = 8, entries: int = 1) -> Answer:
    """Probe for a map type by creating a map with the given sizes in bytes."""
    struct = BpfAttrMapCreate(
        map_type=kind, key_size=key, value_size=value, max_entries=entries, map_name=b"rawbpf_probe"
    )
    return attempt(f"create a {kind.name}", lambda: map_create(struct))


def btf_feature(name: str) -> Answer:
    """Probe for one of ``rawbpf.btf.sanitize.FEATURES`` by loading BTF that uses the feature."""
    return attempt(f"load BTF with a {name}", lambda: btf_load(example(name)))


def _ask(what: str, attach: bpf_attach_type, link: Callable[[int], Fd], yes: set[int]) -> Answer:
    """Probe for a link type with a minimal kprobe program."""
    try:
        program = load_trivial(bpf_prog_type.BPF_PROG_TYPE_KPROBE, attach)
    except KernelError as error:
        number = error.errno or 0
        outcome = Outcome.NO if number in UNKNOWN_TO_KERNEL else Outcome.UNSURE
        return Answer(outcome, f"load a program to link: {errno_name(number)}")
    with program:
        return attempt(what, lambda: link(program.fileno()), yes=yes)


def perf_event_link() -> Answer:
    """Probe for BPF links to perf events."""
    attach = bpf_attach_type.BPF_PERF_EVENT
    return _ask(
        "link to an invalid perf event",
        attach,
        lambda fd: link_create_perf_event(fd, _NO_FD),
        {errno.EBADF},
    )


def kprobe_multi(attach: bpf_attach_type) -> Answer:
    """Probe for BPF_TRACE_KPROBE_MULTI or BPF_TRACE_KPROBE_SESSION, which link to many functions.

    The call fails with EOPNOTSUPP on a kernel that is new enough but was built without
    CONFIG_FPROBE.
    """
    return _ask(
        "link to an unknown function",
        attach,
        lambda fd: link_create_kprobe_multi(fd, [_NO_FUNCTION], attach),
        {errno.ESRCH, errno.ENOENT},
    )


def uprobe_multi(attach: bpf_attach_type) -> Answer:
    """Probe for BPF_TRACE_UPROBE_MULTI or BPF_TRACE_UPROBE_SESSION, which link to many uprobes."""
    return _ask(
        "link to a folder",
        attach,
        lambda fd: link_create_uprobe_multi(fd, _NO_FILE, [0], attach),
        {errno.EBADF},
    )


def capability(name: str, root: Root = "/") -> Answer:
    """Probe for a capability by checking the highest capability number that the kernel knows."""
    last = read_text(root, _LAST_CAP)
    if last is None or not last.isdecimal():
        return Answer(Outcome.UNSURE, f"cannot read {_LAST_CAP}")
    outcome = Outcome.YES if int(last) >= CAPABILITIES.index(name) else Outcome.NO
    return Answer(outcome, f"{_LAST_CAP} is {last}")


def pmu(name: str, root: Root = "/") -> Answer:
    """Probe for a PMU by its name."""
    try:
        return Answer(Outcome.YES, f"the {name} PMU has type {pmu_type(name, root)}")
    except UnsupportedError as error:
        return Answer(Outcome.NO, str(error.why))


def module_types(root: Root = "/") -> Answer:
    """Probe for module BTF support, which can be detected only if at least one module is loaded."""
    described, loaded = btf_modules(root), loaded_modules(root)
    if described:
        return Answer(Outcome.YES, f"/sys/kernel/btf contains {described[0]}")
    if loaded:
        return Answer(Outcome.NO, f"/sys/kernel/btf lacks {loaded[0]}, which is loaded")
    return Answer(Outcome.UNSURE, "no module is loaded")


def memcg_accounting() -> Answer:
    """Probe whether BPF memory is charged to the memory cgroup instead of RLIMIT_MEMLOCK (5.11).

    The kernel does not report the accounting method directly. bpf_ktime_get_coarse_ns was added in
    the same release, and vendors backported both together (libbpf uses the same probe). The probe
    uses a socket filter because, since 5.16, tracing programs must not call that helper
    (5e0bc3082e2e).
    """
    answer = helper("ktime_get_coarse_ns", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    return answer._replace(evidence=f"a helper from the same release: {answer.evidence}")
