"""The specs of a program, and of the probe that triggers it.

``ProgramSpec`` describes a program before it is loaded. ``ProbeSpec`` describes the event to which
a loaded program is attached. ``probe_of`` derives the probe from a section name, commands construct
probes themselves, and ``links.attach`` creates them in the kernel.

    kind             target                       mechanism
    kprobe           [MODULE:]FUNCTION            perf event of the kprobe PMU (4.17)
    ksyscall         CALL                         the same, on the system call's function
    kprobe.multi     PATTERN                      one link for many functions (5.18)
    uprobe           PATH:FUNCTION                perf event of the uprobe PMU (4.17)
    uprobe.multi     PATH:PATTERN                 one link for many functions (6.6)
    tracepoint       GROUP/NAME                   perf event of the tracepoint (4.7)
    raw_tracepoint   NAME                         BPF_RAW_TRACEPOINT_OPEN (4.17)
    fentry, fmod_ret [MODULE:]FUNCTION            trampoline (5.5, 5.7)
    tp_btf, lsm      NAME                         trampoline (5.5, 5.7)
    iter             KIND                         iterator link (5.8)
    profile          (each CPU)                   perf event of the CPU clock (4.9)
    interval         (one CPU)                    perf event of the CPU clock (4.9)
    xdp, tc          INTERFACE                    link (5.9, 6.6)
    cgroup           PATH                         link (5.7)
"""

from __future__ import annotations

from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.light_enum import StrEnum
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode

__all__ = [
    "ProbeKind",
    "ProbePoint",
    "ProbeSpec",
    "ProgramSpec",
    "probe_of",
]


class ProbeKind(StrEnum):
    """The mechanism that attaches a program."""

    KPROBE = "kprobe"
    KSYSCALL = "ksyscall"
    KPROBE_MULTI = "kprobe.multi"
    UPROBE = "uprobe"
    UPROBE_MULTI = "uprobe.multi"
    USDT = "usdt"
    TRACEPOINT = "tracepoint"
    RAW_TRACEPOINT = "raw_tracepoint"
    FENTRY = "fentry"
    FMOD_RET = "fmod_ret"
    TP_BTF = "tp_btf"
    LSM = "lsm"
    ITER = "iter"
    PROFILE = "profile"
    INTERVAL = "interval"
    XDP = "xdp"
    TC = "tc"
    CGROUP = "cgroup"


class ProbePoint(StrEnum):
    """The points in a function at which the program runs.

    BOTH attaches the program as a session (6.10 for kprobe.multi).
    """

    ENTRY = "entry"
    RETURN = "return"
    BOTH = "both"


class ProbeSpec(NamedTuple):
    """The event that triggers a program.

    ``offset``       bytes from the start of the function (kprobe, ksyscall, uprobe)
    ``pid``          run in this process only (uprobe, uprobe.multi, profile)
    ``cookie`` the value that bpf_get_attach_cookie returns (perf events: 5.15)
    ``period_ns``    time between two samples (profile, interval)
    ``attach_type`` the attach type passed to BPF_LINK_CREATE (xdp, tc, cgroup)

    >>> probe = ProbeSpec(ProbeKind.KPROBE, "do_exit", ProbePoint.RETURN)
    >>> str(probe), str(ProbeSpec(ProbeKind.KPROBE, "do_exit", offset=16))
    ('kretprobe do_exit', 'kprobe do_exit+0x10')
    """

    kind: ProbeKind
    target: str = ""
    point: ProbePoint = ProbePoint.ENTRY
    offset: int = 0
    pid: int | None = None
    cookie: int = 0
    period_ns: int = 0
    attach_type: bpf_attach_type | None = None

    @property
    def word(self) -> str:
        """Return the type of the probe as written in a section name, such as "kretprobe"."""
        return _WORDS.get((self.kind, self.point), str(self.kind))

    def __str__(self) -> str:
        if self.kind in _CLOCKS:
            seconds = self.period_ns / 1e9
            return f"{self.kind} " + (
                f"at {1 / seconds:g} Hz" if 0 < seconds < 1 else f"every {seconds:g} s"
            )
        word = self.word
        if self.attach_type is not None:
            word = self.attach_type.name.removeprefix("BPF_").lower()
        offset = f"+{self.offset:#x}" if self.offset else ""
        return f"{word} {self.target}{offset}".rstrip()

    def check(self) -> None:
        """Raise UsageError if a field is set that this kind of probe does not support.

        >>> ProbeSpec(ProbeKind.KPROBE, "do_exit", pid=1).check()
        Traceback (most recent call last):
        ...
        rawbpf.errors.UsageError: a kprobe cannot be limited to one process: ...
        """
        if self.pid is not None and self.kind not in _WITH_PID:
            raise UsageError(
                f"a {self.word} cannot be limited to one process",
                why="the kernel runs the program in every process",
                fix="compare bpf_get_current_pid_tgid() in the program",
            )
        if self.cookie and self.kind not in _WITH_COOKIE:
            raise UsageError(
                f"a {self.word} does not support cookies", fix="load one program per probe"
            )
        if self.kind in _CLOCKS and self.period_ns <= 0:
            raise UsageError(f"the period of a {self.word} must be greater than 0")


def probe_of(program: ProgramSpec, target: str = "") -> ProbeSpec:
    """Return the probe that the section of a program specifies.

    ``target`` overrides the target in the section name.

    XDP and tc programs need an interface as the target, and cgroup programs need a path, because
    their sections do not name a target. Raises UsageError if the target is missing or malformed,
    and UnsupportedError if the section does not specify how to attach the program.

    >>> from rawbpf.asm.bytecode import Bytecode
    >>> from rawbpf.specs.program_spec import ProgramSpec
    >>> kprobe = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_KPROBE, Bytecode("p", ()),
    ...     section="kretprobe/do_exit", attach_to="do_exit")
    >>> str(probe_of(kprobe)), str(probe_of(kprobe, "vfs_read"))
    ('kretprobe do_exit', 'kretprobe vfs_read')
    """
    from rawbpf.specs.section_names import (
        read_section,
    )  # a probe that is passed as an argument has no section

    name = read_section(program.section)
    prefix = name.kind.prefix.removesuffix(".s") if name.kind else ""
    target = target or program.attach_to
    if prefix in _SECTIONS:
        kind, point = _SECTIONS[prefix]
        if kind is ProbeKind.PROFILE:
            return ProbeSpec(kind, period_ns=_PERIOD_NS)
        if not target and kind is not ProbeKind.USDT:
            example = f"{program.section.rstrip('/')}/{name.kind.example if name.kind else ''}"
            raise UsageError(
                f"program {program.name!r} has no attach target",
                why=f"section {program.section!r} does not name a target",
                fix=f'write SEC("{example}"), or specify a target: --at {program.name}=TARGET',
            )
        target, offset = _split_offset(kind, point, target)
        return ProbeSpec(kind, target, point, offset)
    if program.prog_type in _CGROUP_TYPES or prefix.startswith("cgroup"):
        return _cgroup(program, target)
    if program.prog_type is bpf_prog_type.BPF_PROG_TYPE_XDP:
        return _interface(ProbeKind.XDP, program, target, bpf_attach_type.BPF_XDP)
    if program.prog_type is bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS:
        direction = program.expected_attach_type or bpf_attach_type.BPF_TCX_INGRESS
        return _interface(ProbeKind.TC, program, target, direction)
    raise UnsupportedError(
        f"program {program.name!r} cannot be attached by its section",
        why=f"section {program.section!r} does not say where to attach the program",
        fix="run the program with test_run, or pass a ProbeSpec to rawbpf.links.dispatch",
    )


def _split_offset(kind: ProbeKind, point: ProbePoint, target: str) -> tuple[str, int]:
    """Split ``do_exit+0x10``.

    Return probes do not support offsets, and paths may contain a plus sign.
    """
    if kind not in _WITH_OFFSET or (point is ProbePoint.RETURN and kind is not ProbeKind.UPROBE):
        return target, 0
    owner, colon, place = target.rpartition(":")
    function, plus, text = place.partition("+")
    if not plus:
        return target, 0
    import re  # few targets have an offset

    if not re.fullmatch(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,9}", text):
        what = f"invalid offset {text!r} in {function}"
        raise UsageError(what, fix="specify a number of bytes, such as 16 or 0x10")
    return owner + colon + function, int(text, 0)


def _cgroup(program: ProgramSpec, path: str) -> ProbeSpec:
    if not path:
        fix = f"specify the cgroup's path: --at {program.name}=/sys/fs/cgroup"
        raise UsageError(f"program {program.name!r} needs a cgroup", fix=fix)
    if program.expected_attach_type is None:
        what = f"program {program.name!r} cannot be attached to a cgroup"
        raise UsageError(what, why=f"section {program.section!r} does not name a hook")
    return ProbeSpec(ProbeKind.CGROUP, path, attach_type=program.expected_attach_type)


def _interface(
    kind: ProbeKind, program: ProgramSpec, interface: str, attach_type: bpf_attach_type
) -> ProbeSpec:
    if not interface:
        fix = f"specify an interface: --at {program.name}=lo"
        raise UsageError(f"program {program.name!r} needs an interface", fix=fix)
    return ProbeSpec(kind, interface, attach_type=attach_type)


_K, _P, _T = ProbeKind, ProbePoint, bpf_prog_type

_PERIOD_NS = 10**9 // 99
"""99 Hz. Sampling at exactly 100 Hz would run in step with the kernel's own timers."""

_SECTIONS = {
    "kprobe": (_K.KPROBE, _P.ENTRY),
    "kretprobe": (_K.KPROBE, _P.RETURN),
    "ksyscall": (_K.KSYSCALL, _P.ENTRY),
    "kretsyscall": (_K.KSYSCALL, _P.RETURN),
    "kprobe.multi": (_K.KPROBE_MULTI, _P.ENTRY),
    "kretprobe.multi": (_K.KPROBE_MULTI, _P.RETURN),
    "kprobe.session": (_K.KPROBE_MULTI, _P.BOTH),
    "uprobe": (_K.UPROBE, _P.ENTRY),
    "uretprobe": (_K.UPROBE, _P.RETURN),
    "uprobe.multi": (_K.UPROBE_MULTI, _P.ENTRY),
    "uretprobe.multi": (_K.UPROBE_MULTI, _P.RETURN),
    "uprobe.session": (_K.UPROBE_MULTI, _P.BOTH),
    "usdt": (_K.USDT, _P.ENTRY),
    "tracepoint": (_K.TRACEPOINT, _P.ENTRY),
    "tp": (_K.TRACEPOINT, _P.ENTRY),
    "raw_tracepoint": (_K.RAW_TRACEPOINT, _P.ENTRY),
    "raw_tp": (_K.RAW_TRACEPOINT, _P.ENTRY),
    "raw_tracepoint.w": (_K.RAW_TRACEPOINT, _P.ENTRY),
    "raw_tp.w": (_K.RAW_TRACEPOINT, _P.ENTRY),
    "tp_btf": (_K.TP_BTF, _P.ENTRY),
    "fentry": (_K.FENTRY, _P.ENTRY),
    "fexit": (_K.FENTRY, _P.RETURN),
    "fsession": (_K.FENTRY, _P.BOTH),
    "fmod_ret": (_K.FMOD_RET, _P.ENTRY),
    "lsm": (_K.LSM, _P.ENTRY),
    "iter": (_K.ITER, _P.ENTRY),
    "perf_event": (_K.PROFILE, _P.ENTRY),
}
_WORDS = {probe: section for section, probe in reversed(_SECTIONS.items())} | {
    (_K.PROFILE, _P.ENTRY): "profile"
}
_CLOCKS = (_K.PROFILE, _K.INTERVAL)
_WITH_OFFSET = (_K.KPROBE, _K.KSYSCALL, _K.UPROBE)
_WITH_PID = (_K.UPROBE, _K.UPROBE_MULTI, _K.PROFILE)
_WITH_COOKIE = (
    _K.KPROBE, _K.KSYSCALL, _K.UPROBE, _K.TRACEPOINT, _K.INTERVAL, _K.KPROBE_MULTI, _K.UPROBE_MULTI
)  # fmt: skip
_CGROUP_TYPES = (
    _T.BPF_PROG_TYPE_CGROUP_SKB,
    _T.BPF_PROG_TYPE_CGROUP_SOCK,
    _T.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    _T.BPF_PROG_TYPE_CGROUP_SOCKOPT,
    _T.BPF_PROG_TYPE_CGROUP_SYSCTL,
    _T.BPF_PROG_TYPE_CGROUP_DEVICE,
    _T.BPF_PROG_TYPE_SOCK_OPS,
)


class ProgramSpec(NamedTuple):
    """What BPF_PROG_LOAD needs. The code refers to maps by name.

    ``license`` determines which helpers the program may call. Many tracing helpers need a license
    that is compatible with the GPL, such as "GPL" or "Dual MIT/GPL".

    ``section`` is the section name of the program, such as "kprobe/do_exit", and ``attach_to`` is
    the target in it, such as "do_exit". ``autoload`` is False for optional programs
    ("?kprobe/...").
    """

    name: str
    prog_type: bpf_prog_type
    code: Bytecode
    license: str = "Dual MIT/GPL"
    expected_attach_type: bpf_attach_type | None = None
    section: str = ""
    attach_to: str = ""
    prog_flags: int = 0
    autoload: bool = True
