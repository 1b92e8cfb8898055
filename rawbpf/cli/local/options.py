"""What `run-local` and `step` have in common: the file, the context, the world, the maps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rawbpf.arch import X86_64, native
from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.cli.objects.object_file import read_bytecode, read_bytes
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.machine import inputs as context
from rawbpf.machine.inputs import World
from rawbpf.machine.settings import Entry, Settings
from rawbpf.source.assembler import assemble_file
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

__all__ = [
    "ARGUMENTS",
    "OPTIONS",
    "read_spec",
    "settings",
]

ARGUMENTS = """
Arguments:
  FILE             Assembly (.bpf.s), raw bytes, or bytes in hex; - for stdin.
"""

OPTIONS = """
  --program NAME   Which one, if FILE has several.
  --ctx CONTEXT    What r1 points to. By the program's type, if not given.
  --data PACKET    A file with the packet of xdp and skb. 64 zero bytes, if not given.
  --set ENTRY      MAP[KEY]=VALUE at the start; numbers, hex:BYTES, or a program's name.
  --world FIELDS   What helpers answer: pid=1,comm=cat,cpu=1,... See below.
  --budget COUNT   Stop after so many instructions. [default: 10000000]
  --check-stack    Stop when the program reads from its stack what it has not written.
"""

NOTES = """
Contexts:
  kprobe:ARG,...   Registers at the start of a function. ARG is a number, or 'text', which is
                   put into memory for the probe_read family.
  kretprobe:VALUE  Registers when a function returns VALUE.
  xdp, skb         A packet, from its Ethernet header on.
  hex:BYTES        These bytes.

World:
  pid tgid uid gid comm cpu cpus time tick (nanoseconds) seed (of random numbers)
"""


def settings(arguments: dict[str, Any]) -> Settings:
    """Everything that the command line says of the run."""
    spec = read_spec(arguments["FILE"])
    program = _choose(spec, arguments["--program"], arguments["FILE"])
    return Settings(
        spec,
        program.name,
        _context(arguments["--ctx"] or _by_type(program), arguments["--data"]),
        _world(arguments["--world"] or ""),
        tuple(_entry(text) for text in arguments["--set"]),
        _budget(arguments["--budget"]),
        bool(arguments["--check-stack"]),
    )


def _choose(spec: ObjectSpec, name: str | None, file: str) -> ProgramSpec:
    names = ", ".join(spec.programs)
    if name is None:
        if len(spec.programs) == 1:
            return next(iter(spec.programs.values()))
        what = f"{file} has several programs" if names else f"{file} has no program"
        raise UsageError(what, fix=f"choose by --program: {names}" if names else None)
    if name not in spec.programs:
        raise UsageError(f"there is no program {name!r} in {file}", fix=f"there is: {names}")
    return spec.programs[name]


_BY_TYPE = {
    bpf_prog_type.BPF_PROG_TYPE_KPROBE: "kprobe",
    bpf_prog_type.BPF_PROG_TYPE_XDP: "xdp",
    bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS: "skb",
    bpf_prog_type.BPF_PROG_TYPE_SCHED_ACT: "skb",
    bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER: "skb",
}


def _by_type(program: ProgramSpec) -> str:
    return _BY_TYPE.get(program.prog_type, "hex:")


def _context(text: str, packet: str | None) -> context.Context:
    """`kprobe:1,'text'` and its kin."""
    kind, _, rest = text.partition(":")
    if packet and kind not in ("xdp", "skb"):
        raise UsageError(f"--data is for xdp and skb, and the context is {kind}")
    machine = native(X86_64).machine
    match kind:
        case "kprobe":
            return context.kprobe(*map(_argument, _split(rest)), machine=machine)
        case "kretprobe":
            return context.kretprobe(_number(rest or "0", "--ctx"), machine=machine)
        case "xdp" | "skb" if not rest:
            make = context.xdp if kind == "xdp" else context.skb
            return make(read_bytes(packet) if packet else bytes(64))
        case "hex":
            return context.raw(_hex(rest, "--ctx"))
    fix = "use kprobe:..., kretprobe:VALUE, xdp, skb or hex:BYTES"
    raise UsageError(f"unknown context {text!r}", fix=fix)


def _split(text: str) -> list[str]:
    """At commas, but not inside of quotes."""
    words = re.findall(r"'[^']*'|[^,']+", text)
    if ",".join(words) != text:
        raise UsageError(f"--ctx: {text!r} is no list of arguments", fix="such as 1,-2,'text'")
    return words


def _argument(text: str) -> int | bytes:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].encode(errors="surrogateescape")
    return _number(text, "--ctx")


def _budget(text: str) -> int:
    count = _number(text, "--budget")
    if count < 1:
        raise UsageError(f"--budget is {text!r}", fix="give a number of instructions, from 1 on")
    return count


def _number(text: str, option: str) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise UsageError(f"{option}: {text!r} is no number") from None
    if not -(1 << 63) <= number < 1 << 64:
        raise UsageError(f"{option}: {text} has more than 64 bits")
    return number


def _hex(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"{option}: {text!r} is not hex") from None


def _world(text: str) -> World:
    """`pid=1,comm=cat`."""
    given: dict[str, Any] = {}
    for field in filter(None, text.split(",")):
        name, equals, value = field.partition("=")
        if not equals or name not in World._fields or name.endswith("stack"):
            raise UsageError(f"--world: {field!r} is not what it takes", fix="see --help")
        given[name] = value if name == "comm" else _number(value, f"--world {name}")
    world = World(**given)
    if not 0 <= world.cpu < world.cpus <= 4096:
        raise UsageError(f"--world: cpu {world.cpu} of {world.cpus} cannot be")
    return world


_ENTRY = re.compile(r"([^\[\]]+)\[([^\]]*)\]=(.*)")


def _entry(text: str) -> Entry:
    """`MAP[KEY]=VALUE`."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise UsageError(f"--set: {text!r} is not MAP[KEY]=VALUE")
    name, key, value = found.groups()
    return Entry(name, _datum(key, "--set") if key else b"", _datum_or_name(value))


def _datum(text: str, option: str) -> int | bytes:
    if text.startswith("hex:"):
        return _hex(text.removeprefix("hex:"), option)
    return _number(text, option)


def _datum_or_name(text: str) -> int | bytes | str:
    """A name for what begins as one."""
    return text if re.match(r"[A-Za-z_](?!ex:)", text) else _datum(text, "--set")


_NAME = "program"


def read_spec(file: str) -> ObjectSpec:
    """What is in a file. Bytes alone are one program of no type."""
    if file.endswith(".s"):
        return assemble_file(Path(file))
    (code, *_) = read_bytecode(file)
    if code.name:
        fix = "take the .bpf.s file that it was made from"
        raise UnsupportedError(f"{file} is an object", why="the machine takes none", fix=fix)
    program = Bytecode(_NAME, tuple(code.instructions), (Function(_NAME, 0),))
    spec = ProgramSpec(_NAME, bpf_prog_type.BPF_PROG_TYPE_UNSPEC, program)
    return ObjectSpec({_NAME: spec})
