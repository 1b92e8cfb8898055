"""Run a command under strace(1), and parse its calls."""

import re
import struct
import subprocess
from typing import NamedTuple

from rawbpf.uapi import bpf_insn

CALLS = "bpf,perf_event_open,ioctl,mmap,munmap,epoll_create1,epoll_ctl,epoll_pwait,close"
CALLS += ",capget,capset,prctl"

_CALL = re.compile(r"(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\w+)(?: (E\w+) \(.*\))?$")


class Seen(NamedTuple):
    """A call as strace printed it: arguments as text, and the result or the name of the error."""

    name: str
    arguments: list[str]
    result: str


def instructions(text: str) -> bytes:
    """Convert ``[{code=BPF_LD|BPF_DW|BPF_IMM, dst_reg=BPF_REG_1, ...}]`` to bytes."""
    return b"".join(map(_slot, split(text.strip()[1:-1])))


def _slot(text: str) -> bytes:
    one = fields(text)
    # BPF_ATOMIC (5.12) replaced BPF_XADD, which could only add.
    names = one["code"].replace("BPF_XADD", "BPF_ATOMIC").split("|")
    code = sum(getattr(bpf_insn, name) for name in names)
    registers = _register(one["dst_reg"]) | _register(one["src_reg"]) << 4
    imm = int(one["imm"], 0) & 0xFFFFFFFF
    return struct.pack("<BBhI", code, registers, int(one["off"], 0), imm)


def _register(text: str) -> int:
    name = re.sub(r" ?/\*.*?\*/", "", text).removeprefix("BPF_REG_")
    return int(name, 0) if name[0].isdigit() else getattr(bpf_insn, name)


def strace(strace_path: str, command: list[str], folder, **options):
    """Return the finished process and its calls."""
    output = folder / "strace.txt"
    watched = [strace_path, "-f", "--seccomp-bpf", "-v", "-s", "200", "-e", f"trace={CALLS}"]
    done = subprocess.run(
        [*watched, "-o", str(output), *command], capture_output=True, text=True, **options
    )
    return done, list(parse(output.read_text()))


def parse(text: str):
    for line in joined(text):
        found = _CALL.match(line)
        if found:
            name, arguments, result, errno = found.groups()
            yield Seen(name, split(arguments), f"-{errno}" if errno else result)


def joined(text: str):
    """Return the lines, after joining calls that another thread interrupted."""
    open_calls = {}
    for line in text.splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            open_calls[pid] = rest.removesuffix("<unfinished ...>")
        elif rest.startswith("<... "):
            yield f"{pid} {open_calls.pop(pid)}{rest.partition('resumed>')[2]}"
        else:
            yield line


def split(text: str) -> list[str]:
    """Split at commas outside brackets and strings."""
    parts, depth, quoted, begin = [], 0, False, 0
    for at, c in enumerate(text):
        if c == '"' and not (text[at - 1] == "\\" and text[at - 2] != "\\"):
            quoted = not quoted
        elif not quoted:
            depth += (c in "{[(") - (c in "}])")
            if c == "," and not depth:
                parts.append(text[begin:at].strip())
                begin = at + 1
    return [*parts, text[begin:].strip()] if text else []


def fields(text: str, prefix: str = "") -> dict[str, str]:
    """Convert ``{a=1, test={b=2}}`` to {"a": "1", "test.b": "2"}."""
    found = {}
    for part in split(text.strip()[1:-1]):
        name, equals, value = part.partition("=")
        if not equals:
            continue  # "..." for omitted fields
        if value.startswith("{"):
            found |= fields(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
