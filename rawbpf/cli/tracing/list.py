"""``rawbpf list``: the functions that can be probed."""

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

    from rawbpf.kernel.files import Root
    from rawbpf.kernel.probeable import Function, ProbeRules

__all__ = ["USAGE", "run"]

USAGE = """List the functions of the running kernel that can be probed.

Usage:
  rawbpf list [PATTERN] [options] [-v]...

Arguments:
  PATTERN              A name, or a pattern with * ? [] (quote it): 'tcp_*', '*open*'.

Options:
  -m, --module MODULE  Only functions of this module; vmlinux is the kernel's image.
  --json               One JSON object per function.
  -v, --verbose        Say more on stderr.
  -h, --help           Show this.

One function a line, the module in brackets. Several functions may have one name (each file of the
kernel can have its own static ones), and then the name alone does not choose: those are marked.
Run it as root: what must not be probed is known to root only.
"""

_KERNEL_IMAGE = "vmlinux"
_GLOB = re.compile(r"[*?\[]")


def run(arguments: dict[str, Any], root: Root = "/") -> int:
    """Print the functions; their number goes to stderr."""
    pattern, module = arguments["PATTERN"] or "*", arguments["--module"]
    # Hundreds of thousands of small tuples and not one cycle: collecting would only look at them
    # again and again, a third of the time that this takes.
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
    return f"{function.name}{module}  # one of {function.namesakes} symbols of that name"


def _json(functions: list[Function]) -> Iterator[str]:
    from json import dumps

    return (dumps(function._asdict()) for function in functions)


def _comment(count: int, rules: ProbeRules, root: Root) -> None:
    """How many there are, and what the list cannot know."""
    say(f"{count} function{'' if count == 1 else 's'}")
    try:
        pmu_type("kprobe", root)
    except UnsupportedError as error:
        say(f"none of them can be probed here: {error}", at="warning")
        return
    if rules.missing:
        fix = "run it with sudo" if os.geteuid() else "mount tracefs and debugfs"
        say(f"some may be out of reach: cannot read {' and '.join(rules.missing)}; {fix}")


def _nothing(pattern: str, module: str | None, root: Root) -> RawbpfError:
    """No match: for a plain name, look whether it is there and what is against it."""
    where = f" in the module {module}" if module else ""
    if module and pattern == "*":
        return RawbpfError(f"no function{where}", why="no such module is loaded, or it has none")
    if _GLOB.search(pattern):
        fix = "a pattern must fit the whole name: '*open*' finds do_sys_openat2"
        return RawbpfError(f"no function{where} that can be probed fits {pattern!r}", fix=fix)
    from rawbpf.links.diagnose_name import explain_name

    prefix = f"{module}:" if module and module != _KERNEL_IMAGE else ""
    why, fix = explain_name(prefix + pattern, errno.ENOENT, root)
    return RawbpfError(f"no function {pattern!r}{where} that can be probed", why=why, fix=fix)
