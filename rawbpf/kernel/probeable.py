"""Find the symbols that are functions on which a kprobe event can be placed.

A symbol in kernel code cannot be probed in the following cases, each of which causes EINVAL:

- initialization code: kallsyms lists it, but its memory was freed after boot
- blacklisted: the handling of a kprobe calls it, so a probe there would recurse
- notrace: ftrace cannot trace it, and kprobe events are limited to functions that ftrace can trace,
  unless the kernel is built with CONFIG_KPROBE_EVENTS_ON_NOTRACE
- not a function: a compiled BPF program, a trampoline, the padding before a function (``__pfx_``),
  the unlikely part of a function (``.cold``)

Several names may have the same address (``__x64_sys_getppid`` and ``__do_sys_getppid``), but each
list shows only one of these names, so addresses are compared as well.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.file_systems import available_filter_functions, blacklist
from rawbpf.kernel.kallsyms import is_function_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.kernel.hardware import Root
    from rawbpf.kernel.kallsyms import Kallsyms, Symbol

__all__ = [
    "Function",
    "ProbeRules",
    "probe_rules",
    "probeable_functions",
]


class ProbeRules:
    r"""Decides whether a symbol can be probed, using the kernel's lists (None if unknown).

    ``hooked`` is ftrace's available_filter_functions and ``blacklist`` is the kprobe blacklist,
    both in the kernel's format. ``symbols`` must contain the symbols to check, and all other
    symbols at the same addresses.

    >>> from rawbpf.kernel.kallsyms import Kallsyms
    >>> kernel = Kallsyms(b"ff10 T vfs_read\nff20 t helper\nff30 T int3\n")
    >>> rules = ProbeRules(kernel, list(kernel), b"vfs_read\n", b"0xff30-0xff38\tint3\n")
    >>> [rules.obstacle(symbol) for symbol in kernel][:2]  # doctest: +ELLIPSIS
    [None, 'the function is notrace: ftrace cannot trace it, ...']
    """

    def __init__(
        self,
        kallsyms: Kallsyms,
        symbols: Iterable[Symbol],
        hooked: bytes | None,
        blacklist: bytes | None,
    ) -> None:
        lists = {"ftrace's list of functions": hooked, "the kprobe blacklist": blacklist}
        self.missing = tuple(name for name, data in lists.items() if data is None)
        """The names of the lists that could not be read.

        Functions that an unreadable list would exclude are reported as probeable.
        """
        self._init = _init_text(kallsyms)
        self._code_end = kallsyms.code_end
        self._hooked = None if hooked is None else frozenset(_text(hooked).splitlines())
        self._hooked_at = frozenset(s.address for s in symbols if self._is_hooked(s)) - {0}
        lines = re.findall(r"^0x([0-9a-f]+)-\S+\t(\S+)", _text(blacklist or b""), re.MULTILINE)
        self._black_names = frozenset(name for _, name in lines)
        self._black_at = frozenset(int(address, 16) for address, _ in lines) - {0}

    def _is_hooked(self, symbol: Symbol) -> bool:
        """Return whether ftrace lists the symbol or the function of which it is a variant."""
        module = f" [{symbol.module}]" if symbol.module else ""
        names = symbol.name + module, symbol.name.partition(".")[0] + module
        return self._hooked is not None and not self._hooked.isdisjoint(names)

    def obstacle(self, symbol: Symbol) -> str | None:
        """Return why ``symbol`` cannot be probed, as a clause, or None if no reason is known."""
        if not symbol.is_text:
            return "the symbol is data, not a function"
        if symbol.module and (symbol.module == "bpf" or symbol.module.startswith("__builtin__")):
            return f"the code was generated at run time ({symbol.module})"
        if symbol.address in self._init:
            return "the function is initialization code, whose memory was freed after boot"
        if symbol.address >= self._code_end and not symbol.module:
            return "the symbol is data, or initialization code that was freed after boot"
        if symbol.name in self._black_names or symbol.address in self._black_at:
            return "the function is on the kprobe blacklist, because kprobes themselves call it"
        if self._hooked is None or symbol.address in self._hooked_at or self._is_hooked(symbol):
            return None
        return (
            "the function is notrace: ftrace cannot trace it, and therefore kprobe events "
            "cannot either"
        )


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _init_text(kallsyms: Kallsyms) -> range:
    """Return the address range of the kernel's initialization code.

    The range is empty if addresses are hidden.
    """
    begin, end = kallsyms.lookup("_sinittext"), kallsyms.lookup("_einittext")
    return range(begin[0].address, end[0].address) if begin and end else range(0)


class Function(NamedTuple):
    """A kernel function that can be probed.

    ``namesakes`` is the number of symbols that share this function's name.
    """

    name: str
    module: str | None
    namesakes: int


def probeable_functions(
    symbols: Iterable[Symbol],
    rules: ProbeRules,
    matches: Callable[[str], object] = bool,
) -> list[Function]:
    """Return the probeable functions whose name ``matches``, sorted by name."""
    symbols = list(symbols)
    counts = Counter([symbol.name for symbol in symbols])
    functions = {
        (symbol.name, symbol.module or "", counts[symbol.name])
        for symbol in symbols
        if matches(symbol.name) and is_function_name(symbol.name) and rules.obstacle(symbol) is None
    }
    return [Function(name, module or None, count) for name, module, count in sorted(functions)]


def probe_rules(kallsyms: Kallsyms, symbols: Iterable[Symbol], root: Root = "/") -> ProbeRules:
    """Return the rules for the running kernel, based on the lists that this process can read."""
    hooked = available_filter_functions(root)
    if hooked is not None and kernel_config("CONFIG_KPROBE_EVENTS_ON_NOTRACE", root) == "y":
        hooked = None
    return ProbeRules(kallsyms, symbols, hooked, blacklist(root))
