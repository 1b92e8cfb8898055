"""/proc/kallsyms: the names of the kernel's symbols, one a line.

    ffffffff81a3c2f0 T vfs_read
    ffffffffc0412000 t nft_do_chain<TAB>[nf_tables]

Address, type, name, and the module for what is not in the kernel image. The type is that of nm(1):
t and T are functions, w and W weak ones (mostly functions); a small letter is local to its file, so
two files may well have a function of the same name. Since 7.2 some data has the type T, too, so
what is code shows by the address: that of the kernel image ends at the symbol ``_etext``. The
kernel shows zeros for all addresses to those who may not see them (kptr_restrict): the names are
still all there.

The file is 5 to 15 MB and its reader mostly wants one name, so nothing is parsed before it is asked
for, and looking up one name is a search through bytes.

Source: kernel/kallsyms.c, s_show().
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Kallsyms", "Symbol", "is_function_name"]

_TEXT_TYPES = frozenset("tTwW")


def is_function_name(name: str) -> bool:
    """Whether a symbol of code is a function that somebody calls.

    ``.cold`` is the unlikely part that the compiler cut off a function; ``__pfx_`` (6.3) and
    ``__cfi_`` name the padding before one; a name that begins with a dot is an assembler's label.

    >>> is_function_name("vfs_read"), is_function_name("vfs_read.cold")
    (True, False)
    """
    return not (name.endswith(".cold") or name.startswith((".", "__pfx_", "__cfi_")))


class Symbol(NamedTuple):
    """One line. ``module`` is None for the kernel image, ``bpf`` for a compiled BPF program."""

    address: int
    type: str
    name: str
    module: str | None

    @property
    def is_text(self) -> bool:
        """Whether it names code."""
        return self.type in _TEXT_TYPES


class Kallsyms:
    r"""The symbols in ``data``, the bytes of /proc/kallsyms or of some lines of it.

    Methods raise FormatError where they meet a line that is none.

    >>> kernel = Kallsyms(b"ff10 T vfs_read\nff20 t helper\t[ext4]\nff30 t helper\t[xfs]\n")
    >>> kernel.lookup("vfs_read")
    [Symbol(address=65296, type='T', name='vfs_read', module=None)]
    >>> [symbol.module for symbol in kernel.lookup("helper")]
    ['ext4', 'xfs']
    >>> kernel.lookup("vfs"), kernel.hidden
    ([], False)
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def lookup(self, name: str) -> list[Symbol]:
        """Every symbol of exactly this name, in the file's order; empty if there is none."""
        wanted = name.encode(errors="surrogateescape")
        if not wanted or re.search(rb"\s", wanted):
            return []
        found = re.finditer(rb" " + re.escape(wanted) + rb"(?=\s|\Z)", self._data)
        places = (match.start() for match in found)
        # The type stands between two spaces, too: a name of one letter would find it.
        return [self._line_around(at) for at in places if self._data[at - 2 : at - 1] == b" "]

    def at(self, address: int) -> list[Symbol]:
        """Every symbol at exactly this address: the names that one function goes by."""
        found = re.finditer(rb"^0*%x " % address, self._data, re.MULTILINE)
        return [self._line_around(match.start()) for match in found]

    def names_at(self, addresses: Iterable[int]) -> dict[int, str]:
        """The first name at each of these addresses that has one. The kernel writes 16 digits.

        A search through bytes for each, where ``at`` reads line by line.
        """
        found = {}
        for address in addresses:
            at = self._data.find(b"%016x " % address)
            if address and at >= 0 and (at == 0 or self._data[at - 1 : at] == b"\n"):
                found[address] = self._line_around(at).name
        return found

    def _line_around(self, position: int) -> Symbol:
        start = self._data.rfind(b"\n", 0, position) + 1
        end = self._data.find(b"\n", position)
        return _parse_line(self._data[start : end if end >= 0 else None])

    def __iter__(self) -> Iterator[Symbol]:
        return (_parse_line(line) for line in self._data.splitlines())

    @property
    def code_end(self) -> int:
        """Where the code of the kernel image ends; beyond any address if that cannot be told."""
        end = self.lookup("_etext")
        return end[0].address if end and end[0].address else 1 << 64

    def function_names(self) -> list[str]:
        """The names of all functions, module or not, in the file's order."""
        end = b"%016x" % (self.code_end - 1)
        rows = _TEXT.findall(self._data)
        raw = b"\n".join([name for at, name, module in rows if at <= end or module])
        return [n for n in raw.decode(errors="replace").split("\n") if is_function_name(n)]

    @property
    def hidden(self) -> bool:
        """Whether the kernel keeps addresses from us. Data may lie at 0, code never does."""
        first = re.search(rb"^([0-9a-f]+) [tTwW] ", self._data, re.MULTILINE)
        return first is not None and not first[1].strip(b"0")

    def near(self, name: str, n: int = 3) -> list[str]:
        """Up to ``n`` functions that somebody who wrote ``name`` may have meant, best first."""
        from rawbpf.symbols.near import near_names

        return near_names(name, self.function_names(), n)


_TEXT = re.compile(rb"^([0-9a-f]+) [tTwW] (\S+)(\t\[)?", re.MULTILINE)


def _parse_line(line: bytes) -> Symbol:
    words = line.decode(errors="replace").split()
    try:
        address, kind, name, module = words if len(words) == 4 else (*words, "")
        return Symbol(int(address, 16), kind, name, module.strip("[]") or None)
    except ValueError:
        raise FormatError(f"no line of kallsyms: {line[:80]!r}") from None
