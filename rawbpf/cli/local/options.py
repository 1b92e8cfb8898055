"""Options that `run-local` and `step` share: the file, the context, the world and map entries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rawbpf.arch import X86_64, native
from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.cli.objects.object_file import read_bytecode, read_bytes
from rawbpf.cli.terminal import say
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.machine import inputs as context
from rawbpf.machine.inputs import World
from rawbpf.machine.settings import Entry, Settings
from rawbpf.source.assembler import assemble_file
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

__all__ = ["ARGUMENTS", "NOTES", "OPTIONS", "settings"]

ARGUMENTS = """
Arguments:
  FILE             Assembly (.bpf.s), raw bytecode, or bytecode in hex; - for stdin.
"""

OPTIONS = """
  --program NAME   The program to run, if FILE has several.
  --ctx CONTEXT    The context that r1 points to; by default it follows from the program type.
  --data PACKET    A file that contains the packet for xdp and skb; by default 64 zero bytes.
  --set ENTRY      An initial map entry MAP[KEY]=VALUE, with numbers or hex:BYTES;
                   in a prog_array, VALUE is the name of a program.
  --world FIELDS   Results of helpers: pid=1,comm=cat,cpu=1,... (see below).
  --budget COUNT   Stop after this many instructions [default: 10000000].
  --check-stack    Stop if the program reads stack bytes that it did not write.
"""

NOTES = """
Contexts:
  kprobe:ARG,...   Registers at the start of a function. ARG is a number, or 'text', which is
                   stored in memory for the probe_read helpers.
  kretprobe:VALUE  Registers when a function returns VALUE.
  xdp, skb         A packet that starts with its Ethernet header.
  hex:BYTES        Arbitrary bytes.

World:
  pid, tgid, uid, gid, comm, cpu, cpus, time and tick (in nanoseconds), task (an address),
  seed (for random numbers)
"""


def settings(arguments: dict[str, Any]) -> Settings:
    """Parse all parameters of a run from the command line."""
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
        what = f"{file} contains more than one program" if names else f"{file} contains no program"
        raise UsageError(what, fix=f"choose a program with --program: {names}" if names else None)
    if name not in spec.programs:
        raise UsageError(f"no program {name!r} in {file}", why=f"the file contains {names}")
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
    """Parse a context such as `kprobe:1,'text'`."""
    kind, _, rest = text.partition(":")
    if packet and kind not in ("xdp", "skb"):
        raise UsageError(
            "--data requires the context xdp or skb", why=f"the context is of type {kind}"
        )
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
    """Split a text at commas outside quotes."""
    words = re.findall(r"'[^']*'|[^,']+", text)
    if ",".join(words) != text:
        raise UsageError(
            f"--ctx: invalid arguments {text!r}", fix="write, for example, 1,-2,'text'"
        )
    return words


def _argument(text: str) -> int | bytes:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].encode(errors="surrogateescape")
    return _number(text, "--ctx")


def _budget(text: str) -> int:
    count = _number(text, "--budget")
    if count < 1:
        raise UsageError(f"--budget is {text!r}", fix="specify at least one instruction")
    return count


def _number(text: str, option: str) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise UsageError(f"{option}: invalid number {text!r}") from None
    if not -(1 << 63) <= number < 1 << 64:
        raise UsageError(f"{option}: {text} does not fit into 64 bits")
    return number


def _hex(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"{option}: invalid hex {text!r}") from None


def _world(text: str) -> World:
    """Parse `pid=1,comm=cat`."""
    given: dict[str, Any] = {}
    for field in filter(None, text.split(",")):
        name, equals, value = field.partition("=")
        if not equals or name not in World._fields or name.endswith("stack"):
            raise UsageError(f"--world: invalid field {field!r}", fix="see --help")
        given[name] = value if name == "comm" else _number(value, f"--world {name}")
    world = World(**given)
    if not 0 <= world.cpu < world.cpus <= 4096:
        why = "cpu must be less than cpus, and cpus at most 4096"
        raise UsageError(f"--world: invalid cpu={world.cpu}, cpus={world.cpus}", why=why)
    return world


_ENTRY = re.compile(r"([^\[\]]+)\[([^\]]*)\]=(.*)")


def _entry(text: str) -> Entry:
    """Parse `MAP[KEY]=VALUE`."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise UsageError(f"--set: invalid entry {text!r}", fix="write MAP[KEY]=VALUE")
    name, key, value = found.groups()
    return Entry(name, _datum(key, "--set") if key else b"", _datum_or_name(value))


def _datum(text: str, option: str) -> int | bytes:
    if text.startswith("hex:"):
        return _hex(text.removeprefix("hex:"), option)
    return _number(text, option)


def _datum_or_name(text: str) -> int | bytes | str:
    """Return a name if the text starts like a name, otherwise a number or bytes."""
    return text if re.match(r"[A-Za-z_](?!ex:)", text) else _datum(text, "--set")


_NAME = "program"


def read_spec(file: str) -> ObjectSpec:
    """Read a file; a file with plain bytecode is a single program without a type."""
    if file.endswith(".s"):
        return assemble_file(Path(file))
    (code, *_) = read_bytecode(file)
    if code.name:
        fix = "specify the .bpf.s file from which the object was assembled"
        raise UnsupportedError(
            f"{file} is an object file", why="run-local cannot read object files", fix=fix
        )
    for fault in code.faults:
        say(f"{file}: {fault}; the program runs until it reaches this instruction", at="warning")
    program = Bytecode(_NAME, tuple(code.instructions), (Function(_NAME, 0),))
    spec = ProgramSpec(_NAME, bpf_prog_type.BPF_PROG_TYPE_UNSPEC, program)
    return ObjectSpec({_NAME: spec})
