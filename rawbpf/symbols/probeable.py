"""Which symbols are functions that a kprobe event can be placed on.

A symbol of the kernel's code may still be out of reach:

- what is left of initialisation: kallsyms lists it, its memory was freed after boot (EINVAL);
- blacklisted: handling a probe runs through it, so a probe there would never end (EINVAL);
- notrace: ftrace has no hook in it, and kprobe events keep to functions that have one (EINVAL);
- not a function at all: a compiled BPF program, a trampoline, padding before a function
  (``__pfx_``), the unlikely part that the compiler cut off another (``.cold``).

The lists come as the kernel writes them. Several names may share an address (``__x64_sys_getppid``
and ``__do_sys_getppid``), and each list shows only one of them: so addresses are compared, too.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.symbols.kallsyms import is_function_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.symbols.kallsyms import Kallsyms, Symbol

__all__ = ["Function", "ProbeRules", "probeable_functions"]


class ProbeRules:
    r"""What stands between a symbol and a probe, by the lists that could be read (None: could not).

    ``symbols`` are those to be asked about and all others that share an address with them.

    >>> from rawbpf.symbols.kallsyms import Kallsyms
    >>> kernel = Kallsyms(b"ff10 T vfs_read\nff20 t helper\nff30 T int3\n")
    >>> rules = ProbeRules(kernel, list(kernel), b"vfs_read\n", b"0xff30-0xff38\tint3\n")
    >>> [rules.obstacle(symbol) for symbol in kernel][:2]
    [None, 'it is notrace: ftrace has no hook in it, and kprobe events keep to those that have one']
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
        """The lists that could not be read, so that functions on them count as probeable."""
        self._init = _init_text(kallsyms)
        self._code_end = kallsyms.code_end
        self._hooked = None if hooked is None else frozenset(_text(hooked).splitlines())
        self._hooked_at = frozenset(s.address for s in symbols if self._is_hooked(s)) - {0}
        lines = re.findall(r"^0x([0-9a-f]+)-\S+\t(\S+)", _text(blacklist or b""), re.MULTILINE)
        self._black_names = frozenset(name for _, name in lines)
        self._black_at = frozenset(int(address, 16) for address, _ in lines) - {0}

    def _is_hooked(self, symbol: Symbol) -> bool:
        """Whether ftrace lists the symbol, or what the compiler derived it from."""
        module = f" [{symbol.module}]" if symbol.module else ""
        names = symbol.name + module, symbol.name.partition(".")[0] + module
        return self._hooked is not None and not self._hooked.isdisjoint(names)

    def obstacle(self, symbol: Symbol) -> str | None:
        """Why ``symbol`` cannot be probed, as the end of a sentence; None if nothing is known."""
        if not symbol.is_text:
            return "it is data, not a function"
        if symbol.module and (symbol.module == "bpf" or symbol.module.startswith("__builtin__")):
            return f"the kernel generated it at run time ({symbol.module})"
        if symbol.address in self._init:
            return "it belongs to the kernel's start-up, and its memory was freed after that"
        if symbol.address >= self._code_end and not symbol.module:
            return "it is data, or code that was freed after the kernel's start-up"
        if symbol.name in self._black_names or symbol.address in self._black_at:
            return "it is on the kprobe blacklist: handling a probe runs through it"
        if self._hooked is None or symbol.address in self._hooked_at or self._is_hooked(symbol):
            return None
        return (
            "it is notrace: ftrace has no hook in it, and kprobe events keep to those that have one"
        )


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _init_text(kallsyms: Kallsyms) -> range:
    """The addresses of the kernel's initialisation code; empty when they are hidden."""
    begin, end = kallsyms.lookup("_sinittext"), kallsyms.lookup("_einittext")
    return range(begin[0].address, end[0].address) if begin and end else range(0)


class Function(NamedTuple):
    """A function that can be probed. ``namesakes`` counts all symbols of its name, itself too."""

    name: str
    module: str | None
    namesakes: int


def probeable_functions(
    symbols: Iterable[Symbol],
    rules: ProbeRules,
    matches: Callable[[str], object] = bool,
) -> list[Function]:
    """Those of ``symbols`` whose name ``matches`` and that ``rules`` have nothing against.

    Sorted, and each once.
    """
    symbols = list(symbols)
    counts = Counter([symbol.name for symbol in symbols])
    functions = {
        (symbol.name, symbol.module or "", counts[symbol.name])
        for symbol in symbols
        if matches(symbol.name) and is_function_name(symbol.name) and rules.obstacle(symbol) is None
    }
    return [Function(name, module or None, count) for name, module, count in sorted(functions)]
