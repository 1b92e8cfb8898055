"""rawbpf: use eBPF from Python through raw system calls.

rawbpf needs Linux 5.8 and either root or both CAP_BPF and CAP_PERFMON.

Print each call to a kernel function:

    with rawbpf.Kprobe("do_sys_openat2") as probe:
        for event in probe.events(duration=2):
            print(event.comm, event.pid)
        print(probe.ledger.summary())

Load and attach an object that clang compiled, with its maps, programs and variables:

    with rawbpf.open("tool.bpf.o") as obj:
        obj.rodata["target_pid"] = 4711
        obj.load()
        events = obj.events("events")
        obj.attach()
        for event in events.read(duration=2):
            print(event["pid"], event["comm"])
        for key, value in obj.maps["counts"].items():
            print(key, value)

Leaving the ``with`` block detaches the programs. All exceptions derive from RawbpfError; system
call errors also derive from OSError and carry an errno. The packages asm, btf, elf, machine, maps
and verifier can also be used on their own.
"""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.collection.collection import (
        Collection,
        open,  # noqa: A004 -- rawbpf.open(path)
    )
    from rawbpf.errors import (
        AssemblyError,
        AttachError,
        BytecodeError,
        ClosedError,
        CompileError,
        DecodeError,
        FormatError,
        GuestError,
        KernelError,
        MachineError,
        MissingKeyError,
        RawbpfError,
        UnknownNameError,
        UnsupportedError,
        UsageError,
        VerifierError,
    )
    from rawbpf.tracing.kprobe import Kprobe

    __version__: str

_HOMES = {
    "AssemblyError": "rawbpf.errors",
    "AttachError": "rawbpf.errors",
    "BytecodeError": "rawbpf.errors",
    "ClosedError": "rawbpf.errors",
    "Collection": "rawbpf.collection.collection",
    "CompileError": "rawbpf.errors",
    "DecodeError": "rawbpf.errors",
    "FormatError": "rawbpf.errors",
    "GuestError": "rawbpf.errors",
    "KernelError": "rawbpf.errors",
    "Kprobe": "rawbpf.tracing.kprobe",
    "MachineError": "rawbpf.errors",
    "MissingKeyError": "rawbpf.errors",
    "RawbpfError": "rawbpf.errors",
    "UnknownNameError": "rawbpf.errors",
    "UnsupportedError": "rawbpf.errors",
    "UsageError": "rawbpf.errors",
    "VerifierError": "rawbpf.errors",
    "open": "rawbpf.collection.collection",
}

__all__ = [
    "AssemblyError",
    "AttachError",
    "BytecodeError",
    "ClosedError",
    "Collection",
    "CompileError",
    "DecodeError",
    "FormatError",
    "GuestError",
    "KernelError",
    "Kprobe",
    "MachineError",
    "MissingKeyError",
    "RawbpfError",
    "UnknownNameError",
    "UnsupportedError",
    "UsageError",
    "VerifierError",
    "open",
]

__getattr__, __dir__ = front_door(__name__, _HOMES | {"__version__": "rawbpf.version"})
