"""The table of commands: the name, the module and a line of help for each.

The help text and the dispatcher use this table. The module of a command defines ``USAGE``, a docopt
text, and ``run(arguments)``, which returns the exit status. It is imported only to run the command.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "Command"]


class Command(NamedTuple):
    """One command: its name, its module, and its line in the help."""

    name: str
    module: str
    summary: str


COMMANDS = {
    command.name: command
    for command in (
        Command("kprobe", "rawbpf.cli.tracing.kprobe", "Trace calls of a kernel function"),
        Command("list", "rawbpf.cli.tracing.list", "List kernel functions that can be probed"),
        Command("doctor", "rawbpf.cli.system.doctor", "Check what this machine needs for tracing"),
        Command("btf", "rawbpf.cli.objects.btf", "Show types of the kernel, a module or a file"),
        Command("asm", "rawbpf.cli.objects.asm", "Assemble a .bpf.s file into an object"),
        Command("disasm", "rawbpf.cli.objects.disasm", "Disassemble bytecode"),
        Command("inspect", "rawbpf.cli.objects.inspect", "Show the contents of an object"),
        Command(
            "relocate",
            "rawbpf.cli.objects.relocate",
            "Show how an object is relocated for a kernel (CO-RE)",
        ),
        Command(
            "load", "rawbpf.cli.objects.load", "Load an object, report on each program, unload it"
        ),
        Command("run", "rawbpf.cli.tracing.run", "Run an object: load, attach, print its records"),
        Command("prog", "rawbpf.cli.held.prog", "Show the programs in the kernel"),
        Command("map", "rawbpf.cli.held.map", "Show maps, read and write their entries"),
        Command("link", "rawbpf.cli.held.link", "Show which programs are attached where"),
        Command(
            "gallery", "rawbpf.cli.verify.gallery", "Learn from programs that the verifier rejects"
        ),
        Command(
            "run-local",
            "rawbpf.cli.local.run_local",
            "Run a program in the interpreter, without a kernel",
        ),
        Command(
            "step",
            "rawbpf.cli.local.step",
            "Step through a program in the interpreter, forward and back",
        ),
        Command(
            "narrate",
            "rawbpf.cli.narrate.narrate",
            "Show and explain each system call a command makes",
        ),
        Command(
            "replay",
            "rawbpf.cli.narrate.replay",
            "Repeat recorded system calls and compare the results",
        ),
        Command(
            "verify", "rawbpf.cli.verify.verify", "Show what the verifier learns about a program"
        ),
        Command(
            "explain",
            "rawbpf.cli.verify.explain",
            "Explain a verifier rule, such as RB-V003",
        ),
        Command(
            "guest",
            "rawbpf.cli.system.guest",
            "Run any of these commands in a temporary QEMU guest",
        ),
    )
}
