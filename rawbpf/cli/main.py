"""The entry point, the table of commands, and the options that all commands share.

The exit status is 0 for success, 1 for failure (one line on stderr says what failed, why, and what
to do), or 2 for incorrect usage (an invalid argument, or an input file that cannot be read).
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper

from rawbpf.cli.terminal import complain, set_level, show_help, write_lines
from rawbpf.errors import RawbpfError, UsageError, errno_words
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any, NoReturn

__all__ = [
    "COMMANDS",
    "USAGE",
    "Command",
    "entry",
    "main",
]

USAGE = """eBPF with nothing in between: Python, bytecode and system calls.

Usage:
  rawbpf [-v]... [--narrate[=HOW]] <command> [<argument>...]
  rawbpf help [<command>]
  rawbpf (-h | --help)
  rawbpf --version

Options:
  -v, --verbose    Print more detail to stderr; -vv also shows every system call.
  --narrate[=HOW]  Show and explain each system call on stderr. HOW: line (default),
                   full (every byte), json. Commands also accept this option.
  -h, --help       Show this help; `rawbpf COMMAND --help` shows the help of a command.
  --version        Show the version.

Commands:
{commands}

Set the environment variable RAWBPF_LOG to debug, info, warning or error to choose which messages
appear on stderr.
"""


class Command(NamedTuple):
    """A command: its name, its module, and its line in the help text."""

    name: str
    module: str
    summary: str


COMMANDS = {
    command.name: command
    for command in (
        Command("kprobe", "rawbpf.cli.tracing.kprobe", "Trace calls to a kernel function"),
        Command("list", "rawbpf.cli.tracing.list", "List kernel functions that can be probed"),
        Command("doctor", "rawbpf.cli.system.doctor", "Check what this machine needs for tracing"),
        Command("btf", "rawbpf.cli.objects.btf", "Show types from the kernel, a module or a file"),
        Command("asm", "rawbpf.cli.objects.asm", "Assemble a .bpf.s file into an object"),
        Command("disasm", "rawbpf.cli.objects.disasm", "Disassemble bytecode"),
        Command("inspect", "rawbpf.cli.objects.inspect", "Show the contents of an object"),
        Command(
            "relocate",
            "rawbpf.cli.objects.relocate",
            "Show how CO-RE relocates an object for a kernel",
        ),
        Command(
            "load",
            "rawbpf.cli.objects.load",
            "Load an object, report on each program, and unload it",
        ),
        Command(
            "run",
            "rawbpf.cli.tracing.run",
            "Run an object: load it, attach it, and print its records",
        ),
        Command("prog", "rawbpf.cli.held.prog", "Show the programs in the kernel"),
        Command("map", "rawbpf.cli.held.map", "Show maps, and read and write their entries"),
        Command("link", "rawbpf.cli.held.link", "Show which program is attached to which target"),
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
        Command(
            "completion",
            "rawbpf.cli.system.completion",
            "Print shell completions or a man page",
        ),
        Command(
            "learn",
            "rawbpf.cli.system.learn",
            "Copy the lessons and example programs to a folder",
        ),
    )
}
"""The commands by name.

Both the help and the dispatcher use this table.

A command's module defines ``USAGE``, a docopt text, and ``run(arguments)``, which returns the exit
status. The module is imported only when the command runs.
"""


def _usage() -> str:
    width = max(map(len, COMMANDS))
    rows = (f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    return USAGE.replace("{commands}", "\n".join(rows))


def main(argv: list[str]) -> int:
    """Run one command line (without the program's name) and return its exit status.

    >>> main(["--version"])
    rawbpf 0.1.0
    0
    """
    try:
        words, how = _narration(argv)
        verbose, name, rest = _split(words)
        if name is None:
            return 0
        set_level(verbose)
        with _without_garbage_collection():
            module = import_module(COMMANDS[name].module)
            from rawbpf.cli.arguments import parse

            arguments = parse(module.USAGE, rest)
        if arguments is None:
            return 0
        status = _run(module, arguments, how, verbose)
    except UsageError as error:
        complain(error)
        return 2
    except RawbpfError as error:
        complain(error)
        return 1
    except (OSError, MemoryError, ImportError) as error:
        complain(_of_the_system(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return status


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector during imports, which leave no garbage to collect.

    A collection would take 5% of the startup time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _of_the_system(error: OSError | MemoryError | ImportError) -> RawbpfError:
    """Return the error for a resource that the system failed to provide. Re-raise other errors.

    This function imports no modules, since an import also needs memory and a file descriptor.
    """
    if isinstance(error, MemoryError):
        number = errno.ENOMEM
    elif isinstance(error, ImportError):  # an extension module may raise this error
        words = [number for number in _RESOURCES if os.strerror(number) in str(error)]
        if not words:
            raise error
        number = words[0]
    else:
        number = error.errno or errno.EIO
    name = getattr(error, "filename", None)
    what = "cannot continue" if name is None else f"cannot use {os.fsdecode(name)}"
    if isinstance(error, OSError) and error.errno is None:  # Python itself raises this error
        return RawbpfError(what, why=str(error) or type(error).__name__)
    return RawbpfError(what, why=errno_words(number), fix=_RESOURCES.get(number))


_RESOURCES = {
    errno.EMFILE: "raise the limit on open files: ulimit -n 1024",
    errno.ENFILE: "close other programs, or raise fs.file-max",
    errno.ENOMEM: "free memory, or raise the limit: ulimit -v",
    errno.ENOSPC: "free up disk space",
    errno.EDQUOT: "free up disk space, or raise the disk quota",
}
"""The remedy for each resource that the system may fail to provide."""


def _narration(argv: list[str]) -> tuple[list[str], str | None]:
    """Separate ``--narrate`` from the other arguments.

    Without the option, no modules are imported.
    """
    if not any(word.startswith("--narrate") for word in argv):
        return argv, None
    from rawbpf.cli.narrate_option import take

    return take(argv)


def _run(module: ModuleType, arguments: dict[str, Any], how: str | None, verbose: int) -> int:
    """Run the command, and narrate its system calls if requested."""
    carries = "<command>" in arguments
    if how is None and not carries and verbose + int(arguments.get("--verbose") or 0) > 1:
        how = "line"  # -vv also shows system calls
    if how is None:
        return int(module.run(arguments))
    from rawbpf.cli.narrate_option import hand_on, narrating

    if carries:
        hand_on(how, arguments, COMMANDS)
        return int(module.run(arguments))
    with narrating(how):
        return int(module.run(arguments))


def _split(argv: list[str]) -> tuple[int, str | None, list[str]]:
    """Split a command line into the number of ``-v`` options, the command, and its arguments."""
    verbose = 0
    for index, word in enumerate(argv):
        if word == "--verbose" or (word.startswith("-v") and not word.strip("-v")):
            verbose += 1 if word == "--verbose" else len(word) - 1
        elif word in ("-h", "--help"):
            show_help(_usage().rstrip())
            return verbose, None, []
        elif word == "--version":
            from rawbpf.version import __version__

            write_lines([f"rawbpf {__version__}"])
            return verbose, None, []
        elif word in COMMANDS:
            return verbose, word, argv[index:]
        elif word == "help":
            return verbose, *_help_on(argv[index + 1 :])
        else:
            raise UsageError(_unknown(word), details=_SHORT)
    raise UsageError("no command given", details=_SHORT)


_SHORT = """Usage:
  rawbpf COMMAND [ARGUMENT]...
  rawbpf help [COMMAND]         List all commands, or show the help of a command."""


def _help_on(words: list[str]) -> tuple[str | None, list[str]]:
    """Return a command and the arguments that show its help. Without a command, list all."""
    if not words:
        show_help(_usage().rstrip())
        return None, []
    if words[0] not in COMMANDS:
        raise UsageError(_unknown(words[0]), details=_SHORT)
    return words[0], [words[0], "--help"]


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"unknown option {word!r}"
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, n=2)
    return f"unknown command {word!r}" + (f": did you mean {' or '.join(near)}?" if near else "")


def _complete_streams() -> None:
    """Connect closed standard streams to /dev/null.

    Otherwise, the next files to be opened would get the streams' file descriptors, and output for
    stdout would be sent to one of these files or to the kernel.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # open() returns the lowest free file descriptor, which is that of the missing stream.
            fd = os.open(os.devnull, os.O_RDWR if number else os.O_RDONLY)
            os.set_inheritable(fd, True)
            setattr(sys, name, os.fdopen(fd, "w" if number else "r", errors="backslashreplace"))


def entry() -> NoReturn:
    """Run ``rawbpf`` or ``python -m rawbpf``."""
    _complete_streams()
    # escape the characters that an ASCII terminal cannot show
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
