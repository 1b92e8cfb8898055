"""Find the calls that must not be repeated without confirmation.

Repeating a recording creates maps and programs that disappear with this process. Some calls have
further effects, which outlive the process or affect other processes and other users' objects. The
decision depends on the words and bytes that the kernel will receive, not on the recording's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.narration.capture.known import numbers_of
from rawbpf.narration.capture.layout import INSN
from rawbpf.output.text import printable
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf import bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_insn import HELPERS
from rawbpf.uapi.perf_event import (
    PERF_COUNT_SW_BPF_OUTPUT,
    PERF_TYPE_SOFTWARE,
    perf_event_ioc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from rawbpf.narration.capture.call import Call

__all__ = ["effect_of"]

_MAP_CHANGES = {
    "BPF_MAP_UPDATE_ELEM",
    "BPF_MAP_DELETE_ELEM",
    "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
    "BPF_MAP_UPDATE_BATCH",
    "BPF_MAP_DELETE_BATCH",
    "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
    "BPF_MAP_FREEZE",
}

_FAR = {
    HELPERS[name].number: name
    for name in (
        "probe_write_user",
        "override_return",
        "send_signal",
        "send_signal_thread",
        "clone_redirect",
        "sys_bpf",
    )
}
"""Helpers that affect other processes, send packets, or make system calls."""

_CALL = isa.BPF_JMP | isa.BPF_CALL
_LONGEST_PATH = 200  # in a question
_NO_FD = 0xFFFFFFFF  # fails with EBADF
_LIVE_FRAMES = 1 << 1
"""BPF_F_TEST_XDP_LIVE_FRAMES (5.18), with which a test run actually sends its packets."""


def effect_of(call: Call, created: Container[int]) -> str:
    """Describe a call's effect on others, or return "" if the call has none.

    ``call`` contains the words and the memory that the kernel will see. ``created`` contains the
    descriptors of objects that repeated calls created, but not of objects that they opened.
    """
    attr = numbers_of(call)
    if call.key in _MAP_CHANGES:
        ours = attr["map_fd"] in created or attr["map_fd"] == _NO_FD
        return "" if ours else "this call changes a map that the recording did not create"
    if call.key.endswith("_GET_FD_BY_ID"):
        kind = call.key.split("_")[1].lower()
        return f"this call opens {kind} {attr['id']}, which others may use"
    effect = _EFFECTS.get(call.key)
    return "" if effect is None else effect(call, attr, created)


def _path(call: Call) -> str:
    block = call.block("attr.pathname")
    raw = (block.before or b"") if block is not None else b""
    path = raw[:_LONGEST_PATH].partition(b"\0")[0]
    return printable(repr(path.decode(errors="backslashreplace")))


def _load(call: Call, attr: dict[str, int], _created: Container[int]) -> str:
    if attr["prog_type"] == bpf_prog_type.BPF_PROG_TYPE_SYSCALL:
        return "this call loads a program that can make system calls"
    block = call.block("attr.insns")
    raw = (block.before or b"") if block is not None else b""
    for at in range(0, len(raw) - INSN + 1, INSN):
        helper = int.from_bytes(raw[at + 4 : at + 8], "little")
        if raw[at] == _CALL and raw[at + 1] >> 4 == 0 and helper in _FAR:
            return f"this call loads a program that calls {_FAR[helper]}"
    return ""


def _create(_call: Call, attr: dict[str, int], _created: Container[int]) -> str:
    # Writing to such a map hands its programs to the kernel, which keeps them after close(2).
    struct_ops = attr["map_type"] == bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS
    return "this call creates a map that can replace kernel operations" if struct_ops else ""


def _run(_call: Call, attr: dict[str, int], created: Container[int]) -> str:
    if attr["flags"] & _LIVE_FRAMES:
        return "it sends packets"
    ours = attr["prog_fd"] in created or attr["prog_fd"] == _NO_FD
    return "" if ours else "this call runs a program that the recording did not load"


def _event(call: Call, attr: dict[str, int], _created: Container[int]) -> str:
    output = (attr["type"], attr["config"]) == (PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT)
    if output and call.words[1] <= 0:
        return ""
    if attr["config1"]:
        return "this call creates a probe"
    return "this call creates a perf event" + (
        f" for process {call.words[1]}" if call.words[1] > 0 else ""
    )


def _ioctl(call: Call, _attr: dict[str, int], _created: Container[int]) -> str:
    attaches = call.words[1] == perf_event_ioc.PERF_EVENT_IOC_SET_BPF
    return "this call attaches a program" if attaches else ""


_EFFECTS: dict[str, Callable[[Call, dict[str, int], Container[int]], str]] = {
    "BPF_OBJ_PIN": lambda call, _attr, _created: f"this call pins an object at {_path(call)}",
    "BPF_OBJ_GET": lambda call, _attr, _created: f"this call opens the pinned object {_path(call)}",
    "BPF_LINK_CREATE": lambda _call, _attr, _created: "this call attaches a program",
    "BPF_RAW_TRACEPOINT_OPEN": lambda _call, _attr, _created: "this call attaches a program",
    "BPF_ENABLE_STATS": lambda _call, _attr, _created: (
        "this call measures all programs on this system"
    ),
    "BPF_MAP_CREATE": _create,
    "BPF_PROG_LOAD": _load,
    "BPF_PROG_TEST_RUN": _run,
    "perf_event_open": _event,
    "ioctl": _ioctl,
}
