"""strace(1) on a command, and what it printed, call by call."""

import re
import struct
import subprocess
from typing import NamedTuple

from rawbpf.uapi import bpf_insn

CALLS = "bpf,perf_event_open,ioctl,mmap,munmap,epoll_create1,epoll_ctl,epoll_pwait,close"

_CALL = re.compile(r"(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\w+)(?: (E\w+) \(.*\))?$")


class Seen(NamedTuple):
    """A call as strace saw it: its arguments as text, and its result (-errno's name if refused)."""

    name: str
    arguments: list[str]
    result: str


def instructions(text: str) -> bytes:
    """``[{code=BPF_LD|BPF_DW|BPF_IMM, dst_reg=BPF_REG_1, ...}]`` as bytes."""
    return b"".join(map(_slot, split(text.strip()[1:-1])))


def _slot(text: str) -> bytes:
    one = fields(text)
    # What became BPF_ATOMIC (5.12) was BPF_XADD when it could only add.
    names = one["code"].replace("BPF_XADD", "BPF_ATOMIC").split("|")
    code = sum(getattr(bpf_insn, name) for name in names)
    registers = _register(one["dst_reg"]) | _register(one["src_reg"]) << 4
    imm = int(one["imm"], 0) & 0xFFFFFFFF
    return struct.pack("<BBhI", code, registers, int(one["off"], 0), imm)


def _register(text: str) -> int:
    name = re.sub(r" ?/\*.*?\*/", "", text).removeprefix("BPF_REG_")
    return int(name, 0) if name[0].isdigit() else getattr(bpf_insn, name)


def strace(strace_path: str, command: list[str], folder, **options):
    """(the finished process, the calls)."""
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
    """Lines, with those put together that another thread's call interrupted."""
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
    """At the commas that are in no brackets and no string."""
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
    """``{a=1, test={b=2}}`` as {"a": "1", "test.b": "2"}."""
    found = {}
    for part in split(text.strip()[1:-1]):
        name, equals, value = part.partition("=")
        if not equals:
            continue  # three dots
        if value.startswith("{"):
            found |= fields(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
