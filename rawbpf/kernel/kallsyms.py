"""Read /proc/kallsyms, which lists the names and addresses of the kernel's symbols.

    ffffffff81a3c2f0 T vfs_read
    ffffffffc0412000 t nft_do_chain<TAB>[nf_tables]

Each line contains an address, a type, a name and, for symbols outside the kernel image, a module.
Types are the letters used by nm(1): t and T are functions, w and W are weak symbols (mostly
functions). A lower-case letter means that the symbol is local to a source file, so several symbols
may have the same name. Since 7.2, some data has type T, so code is recognized by address: the
kernel image's code ends at ``_etext``. Readers without permission to see addresses (kptr_restrict)
get zeros in place of addresses, but still get all names.

The kernel generates the file, 5 to 15 MB in size, while it is read, which takes at least 50 ms. A
tool that only attaches a probe does not read the file, and a lookup of a single name reads it in
blocks. Lines are parsed only on demand; a lookup searches the raw bytes.

Source: kernel/kallsyms.c, s_show().
"""

from __future__ import annotations

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.hardware import Root, at, read_bytes
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "Kallsyms",
    "Symbol",
    "find_all",
    "find_symbols",
    "is_function_name",
    "read_kallsyms",
]

_PATH = "/proc/kallsyms"
_BLOCK = 1 << 18
_TEXT_TYPES = frozenset("tTwW")


def is_function_name(name: str) -> bool:
    """Return whether a code symbol is a function that can be called.

    ``.cold`` marks the unlikely part that the compiler moved out of a function; ``__pfx_`` (6.3)
    and ``__cfi_`` mark the padding in front of a function. A name that starts with a dot is a label
    in assembly code.

    >>> is_function_name("vfs_read"), is_function_name("vfs_read.cold")
    (True, False)
    """
    return not (name.endswith(".cold") or name.startswith((".", "__pfx_", "__cfi_")))


class Symbol(NamedTuple):
    """A symbol.

    ``module`` is None for symbols in the kernel image, and ``bpf`` for JIT-compiled BPF programs.
    """

    address: int
    type: str
    name: str
    module: str | None

    @property
    def is_text(self) -> bool:
        """Whether the symbol is code rather than data."""
        return self.type in _TEXT_TYPES


class Kallsyms:
    r"""The symbols in ``data``, which contains all or some lines of /proc/kallsyms.

    Methods raise FormatError if a line is malformed.

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
        """Return every symbol that has exactly this name, in file order."""
        wanted = name.encode(errors="surrogateescape")
        if wanted.split() != [wanted]:
            return []
        # bytes.find is faster than a regular expression, and avoids importing re in `rawbpf
        # kprobe`.
        data, found = self._data, []
        place = data.find(b" " + wanted)
        while place >= 0:
            end = place + 1 + len(wanted)
            # The type is also surrounded by spaces, so a name of one letter would match the type
            # too.
            if data[end : end + 1].strip() == b"" and data[place - 2 : place - 1] == b" ":
                found.append(self._line_around(place))
            place = data.find(b" " + wanted, end)
        return found

    def at(self, address: int) -> list[Symbol]:
        """Return every symbol at exactly this address; a function may have several names."""
        import re  # see lookup

        found = re.finditer(rb"^0*%x " % address, self._data, re.MULTILINE)
        return [self._line_around(match.start()) for match in found]

    def names_at(self, addresses: Iterable[int]) -> dict[int, str]:
        """Return the name of the first symbol at each of the given addresses.

        This method searches for the 16 hex digits that the kernel writes, whereas ``at`` compares
        line by line.
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
        """The address at which the kernel image's code ends.

        If the address is unknown, a value above all addresses is used.
        """
        end = self.lookup("_etext")
        return end[0].address if end and end[0].address else 1 << 64

    def function_names(self) -> list[str]:
        """Return the names of all functions, including functions of modules, in file order."""
        import re  # see lookup

        end = b"%016x" % (self.code_end - 1)
        rows = re.findall(rb"^([0-9a-f]+) [tTwW] (\S+)(\t\[)?", self._data, re.MULTILINE)
        raw = b"\n".join([name for at, name, module in rows if at <= end or module])
        return [n for n in raw.decode(errors="replace").split("\n") if is_function_name(n)]

    @property
    def hidden(self) -> bool:
        """Whether the kernel hides addresses from this process.

        Only code symbols are checked, because per-CPU data may be at address 0.
        """
        import re  # see lookup

        first = re.search(rb"^([0-9a-f]+) [tTwW] ", self._data, re.MULTILINE)
        return first is not None and not first[1].strip(b"0")

    def near(self, name: str, n: int = 3) -> list[str]:
        """Return up to ``n`` functions with names similar to ``name``, most similar first."""
        from rawbpf.kernel.near import near_names  # imported only after a failed lookup

        return near_names(name, self.function_names(), n)


def _parse_line(line: bytes) -> Symbol:
    words = line.decode(errors="replace").split()
    try:
        address, kind, name, module = words if len(words) == 4 else (*words, "")
        return Symbol(int(address, 16), kind, name, module.strip("[]") or None)
    except ValueError:
        raise FormatError(f"invalid line in kallsyms: {line[:80]!r}") from None


def read_kallsyms(root: Root = "/") -> Kallsyms:
    """Return all symbols. Raises UnsupportedError if the kernel does not list symbols."""
    data = read_bytes(root, _PATH)
    if data is None:
        raise _absent()
    return Kallsyms(data)


def find_symbols(name: str, root: Root = "/") -> list[Symbol]:
    """Return every symbol with the given name, using less than a megabyte of memory."""
    return find_all([name], root)[name]


def find_all(names: Iterable[str], root: Root = "/") -> dict[str, list[Symbol]]:
    """Return every symbol for each of the given names, reading the file only once."""
    found: dict[str, list[Symbol]] = {name: [] for name in names}
    try:
        with open(at(root, _PATH), "rb") as file:  # noqa: PTH123 -- see files.at
            for block in _whole_lines(iter(lambda: file.read(_BLOCK), b"")):
                symbols = Kallsyms(block)
                for name, known in found.items():
                    known.extend(symbols.lookup(name))
    except (FileNotFoundError, PermissionError):
        raise _absent() from None
    return found


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a stream's bytes in blocks that consist of complete lines."""
    rest = b""
    for block in blocks:
        lines, newline, tail = block.rpartition(b"\n")
        if newline:
            yield rest + lines + newline
            rest = tail
        else:
            rest += block
    yield rest


def _absent() -> UnsupportedError:
    return UnsupportedError(
        "cannot read the kernel's symbols",
        why=f"{_PATH} is missing or not readable",
        fix="mount procfs, or use a kernel with CONFIG_KALLSYMS, for example with `rawbpf guest`",
    )
