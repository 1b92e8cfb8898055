"""Every command: its name, the module that holds it, one line of help.

The help text, the dispatcher and the reference pages are all made from this table. A command's
module has a docopt text as its ``USAGE`` and a ``run(arguments) -> exit status``; it is imported
only when it is asked for.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "Command"]


class Command(NamedTuple):
    """One row: the word on the command line, the module, the line in the help."""

    name: str
    module: str
    summary: str


COMMANDS = {
    command.name: command
    for command in (
        Command("kprobe", "rawbpf.cli.tracing.kprobe", "Trace calls of a kernel function"),
        Command("list", "rawbpf.cli.tracing.list", "List the functions that can be probed"),
        Command("doctor", "rawbpf.cli.system.doctor", "Check what this machine needs for tracing"),
        Command(
            "btf", "rawbpf.cli.objects.btf", "Show the types of the kernel, a module or a file"
        ),
        Command("asm", "rawbpf.cli.objects.asm", "Assemble a .bpf.s file into an object"),
        Command("disasm", "rawbpf.cli.objects.disasm", "Show bytecode as text"),
        Command(
            "inspect", "rawbpf.cli.objects.inspect", "Show what is in an object, without a kernel"
        ),
        Command(
            "relocate",
            "rawbpf.cli.objects.relocate",
            "Show what a kernel makes of an object (CO-RE)",
        ),
        Command("load", "rawbpf.cli.objects.load", "Load an object, report each program, unload"),
        Command(
            "run", "rawbpf.cli.tracing.run", "Run an object: load, attach, print what it sends"
        ),
        Command("prog", "rawbpf.cli.held.prog", "Show the programs that the kernel holds"),
        Command("map", "rawbpf.cli.held.map", "Show maps, read and write their entries"),
        Command("link", "rawbpf.cli.held.link", "Show what is attached where"),
        Command("gallery", "rawbpf.cli.verify.gallery", "Learn from programs that are refused"),
        Command("run-local", "rawbpf.cli.local.run_local", "Run a program without a kernel"),
        Command("step", "rawbpf.cli.local.step", "Step through a program, forward and back"),
        Command(
            "narrate", "rawbpf.cli.narrate.narrate", "Tell every system call that a command makes"
        ),
        Command(
            "replay", "rawbpf.cli.narrate.replay", "Make recorded system calls again, and compare"
        ),
        Command(
            "verify", "rawbpf.cli.verify.verify", "Show what the verifier finds out about a program"
        ),
        Command(
            "explain",
            "rawbpf.cli.verify.explain",
            "Explain a rule of the verifier, such as RB-V003",
        ),
        Command("guest", "rawbpf.cli.system.guest", "Run any of these in a throwaway QEMU guest"),
    )
}
