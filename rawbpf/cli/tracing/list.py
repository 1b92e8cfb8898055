"""``rawbpf list``: list the functions that can be probed."""

from __future__ import annotations

import errno
import gc
import os
import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import RawbpfError, UnsupportedError
from rawbpf.kernel.hardware import pmu_type
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.kernel.probeable import probe_rules, probeable_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.kernel.hardware import Root
    from rawbpf.kernel.probeable import Function, ProbeRules

__all__ = ["USAGE", "run"]

USAGE = """List the functions of the running kernel that can be probed.

Usage:
  rawbpf list [PATTERN] [options] [-v]...

Arguments:
  PATTERN              A function name, or a quoted pattern with * ? []: 'tcp_*', '*open*'.

Options:
  -m, --module MODULE  List only functions of this module; vmlinux means the kernel image.
  --json               Print one JSON object per function.
  -v, --verbose        Print more detail to stderr.
  -h, --help           Show this help.

Prints one function per line, with its module in brackets. Several functions may have the same name,
because each source file can define static functions. Such a name is marked, because it does not
identify one function. Run the command as root: only root can read which functions must not be
probed.
"""

_KERNEL_IMAGE = "vmlinux"
_GLOB = re.compile(r"[*?\[]")


def run(arguments: dict[str, Any], root: Root = "/") -> int:
    """Print the functions on stdout, and their number on stderr."""
    pattern, module = arguments["PATTERN"] or "*", arguments["--module"]
    # Hundreds of thousands of small tuples are created, none of which is part of a cycle. If the
    # garbage collector visited the tuples repeatedly, this would take a third of the run time.
    gc.disable()
    try:
        kallsyms = read_kallsyms(root)
        symbols = list(kallsyms)
        rules = probe_rules(kallsyms, symbols, root)
        fits = re.compile(translate(pattern)).match
        functions = [
            function
            for function in probeable_functions(symbols, rules, fits)
            if module in (None, function.module or _KERNEL_IMAGE)
        ]
    finally:
        gc.enable()
    if not functions:
        raise _nothing(pattern, module, root)
    write_lines(_json(functions) if arguments["--json"] else map(_text, functions))
    _comment(len(functions), rules, root)
    return 0


def _text(function: Function) -> str:
    module = f" [{function.module}]" if function.module else ""
    if function.namesakes == 1:
        return function.name + module
    return f"{function.name}{module}  # one of {function.namesakes} symbols with this name"


def _json(functions: list[Function]) -> Iterator[str]:
    from json import dumps

    return (dumps(function._asdict()) for function in functions)


def _comment(count: int, rules: ProbeRules, root: Root) -> None:
    """Print on stderr the number of functions and, if some may be missing, the reason."""
    say(f"{count} function{'' if count == 1 else 's'}")
    try:
        pmu_type("kprobe", root)
    except UnsupportedError as error:
        say(f"none of these functions can be probed on this machine: {error}", at="warning")
        return
    if rules.missing:
        fix = "run the command with sudo" if os.geteuid() else "mount tracefs and debugfs"
        say(f"some may not be probeable: cannot read {' and '.join(rules.missing)}; {fix}")


def _nothing(pattern: str, module: str | None, root: Root) -> RawbpfError:
    """Return the error for an empty list; for a plain name, explain why it cannot be probed."""
    where = f" in the module {module}" if module else ""
    if module and pattern == "*":
        return RawbpfError(
            f"no function{where}", why="the module is not loaded, or it has no functions"
        )
    if _GLOB.search(pattern):
        fix = "a pattern must match the whole name: '*open*' matches do_sys_openat2"
        return RawbpfError(f"no function{where} that can be probed matches {pattern!r}", fix=fix)
    from rawbpf.links.diagnose_name import explain_name

    prefix = f"{module}:" if module and module != _KERNEL_IMAGE else ""
    why, fix = explain_name(prefix + pattern, errno.ENOENT, root)
    return RawbpfError(f"no function {pattern!r}{where} that can be probed", why=why, fix=fix)
