"""Sizes, fields, logs and signals: RB-E010, RB-E015, RB-E016, RB-E018, RB-E026, RB-E028."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.kernel.rights import missing_capabilities
from rawbpf.kernel.version import kernel_version
from rawbpf.refusals.rule import LOADS, Found, Rule
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.fields import since

if TYPE_CHECKING:
    from rawbpf.refusals.failed_call import FailedCall

__all__ = ["RULES"]

_MOST, _MOST_WITHOUT_CAP_BPF = 1_000_000, 4096
_LEVELS = 1 | 2 | 4 | 8  # failed path, all paths, statistics, keep the start (6.4)
_SMALLEST_LOG, _LARGEST_LOG = 128, 0xFFFFFFFF >> 2
_SURELY = 1 << 24  # the kernel allocates this many bytes during a trial
_OVERHEAD = 64  # approximate overhead per entry of a hash table
_LARGEST_BTF = 16 << 20  # BTF_MAX_SIZE
_OPTIONAL = {
    bpf_cmd.BPF_MAP_CREATE: ("map_extra", "numa_node", "map_ifindex", "inner_map_fd", "btf_fd",
                             "value_type_btf_obj_fd", "map_token_fd"),
    bpf_cmd.BPF_PROG_LOAD: ("prog_ifindex", "kern_version", "prog_btf_fd", "fd_array_cnt"),
}  # fmt: skip
"""Fields that may be 0, whatever the type."""


def _instruction_count(call: FailedCall) -> Found | None:
    count = call["insn_cnt"]
    most = _MOST_WITHOUT_CAP_BPF if missing_capabilities(["CAP_BPF"]) else _MOST
    if not count:
        return Found(
            "the program has no instructions", change="end the program with `r0 = 0` and `exit`"
        )
    if count > most:
        return Found(
            f"the program has {count} instructions, but the kernel accepts at most {most}",
            change=(
                "split the program with tail calls, or move repeated code into functions "
                "and loops (bpf_loop, 5.17)"
            ),
        )
    return None


def _newer_field(call: FailedCall) -> Found | None:
    struct, version = type(call.attr.struct), kernel_version()
    for field, _ in struct._fields_:
        value = getattr(call.attr.struct, field)
        added = since(struct, field)
        if added is None or added <= version[:2] or not value or not isinstance(value, int):
            continue
        if call.accepts(**{field: 0}):
            return Found(
                f"{field} is set, but was added in Linux {added[0]}.{added[1]}, and this "
                f"kernel is {version}",
                change=f"leave {field} 0, or load the object on a newer kernel",
                fields={field: 0},
            )
    return None


def _log_buffer(call: FailedCall) -> Found | None:
    level, size, buffer = call["log_level"], call["log_size"], call["log_buf"]
    if not (level or size or buffer) or call.repeat(log_level=0, log_size=0, log_buf=0).errno:
        return None
    if level & ~_LEVELS:
        sentence = f"log_level {level:#x} contains bits that the kernel does not know"
        return Found(sentence, change="use 1 (the failed path), 2 (all paths) or 4 (statistics)")
    if not (level and size and buffer):
        return Found(
            "a log needs a level, a buffer and the buffer's size", change="set all three fields"
        )
    if not _SMALLEST_LOG <= size <= _LARGEST_LOG:
        return Found(
            f"the log buffer is {size} bytes long, but the kernel accepts {_SMALLEST_LOG} to "
            f"{_LARGEST_LOG}",
            change="use 64 kB, and retry with a larger buffer if the call fails with ENOSPC",
        )
    return None


def _interrupted(_call: FailedCall) -> Found:
    return Found(
        "a signal interrupted the verifier each time",
        ("rawbpf tried to load the program five times",),
        "block the signal while loading, or make the timer fire less often",
    )


def _too_large(call: FailedCall) -> Found | None:
    if call.cmd == bpf_cmd.BPF_MAP_CREATE:
        return _large_map(call)
    if call.cmd == bpf_cmd.BPF_BTF_LOAD and call["btf_size"] > _LARGEST_BTF:
        return Found(
            f"the types are {call['btf_size']} bytes long, but the kernel accepts at most "
            f"{_LARGEST_BTF}",
            change="describe only the types that the program uses",
        )
    if call.errno == errno.ENOMEM:
        change = "free memory, or raise the limit of the cgroup (memory.max)"
        return Found("the kernel could not allocate the memory", change=change)
    return None


def _large_map(call: FailedCall) -> Found | None:
    entry = (call["key_size"] + 7 & ~7) + (call["value_size"] + 7 & ~7)
    count = call["max_entries"]
    known = (f"{count} entries of {entry} bytes need at least {_size(count * max(entry, 1))}",)
    less = max(min(count // 2, _SURELY // (entry + _OVERHEAD)), 1)
    sentence = "the map needs more memory than the kernel can allocate for one map"
    if call.accepts(max_entries=less):
        change = f"use fewer entries ({less} would work), or BPF_F_NO_PREALLOC for a hash table"
        return Found(sentence, known, change, {"max_entries": less})
    if call.accepts(max_entries=1, value_size=8):
        return Found(sentence, known, "use smaller values")
    return None


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 10_000:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} TB"


def _other_field(call: FailedCall) -> Found | None:
    kind = call.name("map_type" if call.cmd == bpf_cmd.BPF_MAP_CREATE else "prog_type")
    for field in _OPTIONAL[call.cmd]:
        if call[field] and call.accepts(**{field: 0}):
            return Found(
                f"{field} is {call[field]}, which this kernel does not accept for {kind}",
                change=f"leave {field} 0",
                fields={field: 0},
            )
    return None


RULES = (
    Rule(
        code="RB-E010",
        title="Program without instructions, or with too many",
        calls=(bpf_cmd.BPF_PROG_LOAD,),
        errnos=(errno.E2BIG,),
        meaning=(
            "A program must have 1 to 1,000,000 instructions (since 5.2), or 1 to 4096 "
            "if it is loaded without CAP_BPF. An instruction with a 64-bit constant "
            "counts twice."
        ),
        reason=(
            "The verifier processes at most 1,000,000 instructions, so even a longer "
            "program without branches could not be verified."
        ),
        example=(
            'A program without instructions: `ProgramSpec("none", kind, Builder("none").build())`.'
        ),
        explain=_instruction_count,
    ),
    Rule(
        code="RB-E015",
        title="Field newer than the kernel",
        calls=LOADS,
        errnos=(errno.EINVAL, errno.E2BIG),
        meaning=(
            "union bpf_attr has grown over time, and fields that a kernel does not know "
            "must be 0. Otherwise, the call fails with EINVAL if the kernel's union has "
            "room for the field, or with E2BIG if it does not."
        ),
        reason=(
            "An old kernel accepts a new program as long as the program requests only what "
            "the kernel supports, and rejects requests that it would have to ignore. The "
            "system call reference lists the first kernel for each field."
        ),
        example="A map with map_extra on Linux 5.10.",
        explain=_newer_field,
    ),
    Rule(
        code="RB-E016",
        title="Invalid log parameters",
        calls=(bpf_cmd.BPF_PROG_LOAD,),
        errnos=(errno.EINVAL,),
        meaning=(
            "log_level, log_buf and log_size must be set together. The level combines the "
            "bits 1, 2 and 4 (5.2), and also 8 from 6.4. The buffer must be at least 128 "
            "bytes (until 6.3) and less than 1 GiB long."
        ),
        reason=(
            "A few bytes cannot hold a useful message, and without a buffer the verifier "
            "cannot write a log."
        ),
        example="log_level = 64.",
        explain=_log_buffer,
    ),
    Rule(
        code="RB-E018",
        title="Verifier interrupted by signals",
        calls=(bpf_cmd.BPF_PROG_LOAD,),
        errnos=(errno.EAGAIN,),
        meaning=(
            "Verifying a large program may take a second. If a signal for the process is "
            "pending, the verifier stops, and the call fails with EAGAIN. The call can then "
            "be repeated from the start, which rawbpf does up to five times."
        ),
        reason=(
            "Otherwise, Ctrl+C or a signal that kills the process would have to wait for "
            "the verifier."
        ),
        example="A profiler's timer (setitimer) that fires every millisecond.",
        explain=_interrupted,
    ),
    Rule(
        code="RB-E026",
        title="Too much memory",
        calls=LOADS,
        errnos=(errno.E2BIG, errno.ENOMEM),
        meaning=(
            "A preallocated map needs max_entries times the size of an entry, and a "
            "multiple of this amount if each CPU has its own values. E2BIG means that the "
            "product is too large for the kernel's arithmetic. ENOMEM means that the memory "
            "is not available, or that the cgroup's limit is reached. BTF is limited to 16 "
            "MB."
        ),
        reason=(
            "Programs run where the kernel cannot wait for memory, so most maps allocate "
            "all their memory in advance."
        ),
        example="A hash table with 4,294,967,295 entries.",
        explain=_too_large,
    ),
    Rule(
        code="RB-E028",
        title="Field not supported for the type",
        calls=(bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_PROG_LOAD),
        errnos=(errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.EFAULT, errno.ENODEV),
        meaning=(
            "Some fields apply only to a few types: map_extra is the number of hash "
            "functions of a Bloom filter, and prog_ifindex is the device to which a program "
            "is offloaded. Other fields must refer to something that exists: numa_node to "
            "an online node, and a descriptor to an open file."
        ),
        reason=("Unused fields must be 0, so that later kernels can assign a meaning to them."),
        example="An array with map_extra 1, or a hash table on NUMA node 999.",
        explain=_other_field,
    ),
)
