"""/proc/kallsyms, read: whole when it must be, in passing when one name is enough.

The kernel makes the file up as it is read (5 to 15 MB, 50 ms and more), so a tool that only
attaches a probe leaves it alone; and one that wants a single name need not hold all of it.
``rawbpf.symbols`` explains the format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError
from rawbpf.kernel.files import Root, at, read_bytes
from rawbpf.symbols.kallsyms import Kallsyms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.symbols.kallsyms import Symbol

__all__ = ["find_all", "find_symbols", "read_kallsyms"]

_PATH = "/proc/kallsyms"
_BLOCK = 1 << 18


def read_kallsyms(root: Root = "/") -> Kallsyms:
    """All symbols. UnsupportedError if the kernel does not list them."""
    data = read_bytes(root, _PATH)
    if data is None:
        raise _absent()
    return Kallsyms(data)


def find_symbols(name: str, root: Root = "/") -> list[Symbol]:
    """Every symbol of this name, reading block by block: memory stays below a megabyte."""
    return find_all([name], root)[name]


def find_all(names: Iterable[str], root: Root = "/") -> dict[str, list[Symbol]]:
    """The same for several names, by reading once."""
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
    """The same bytes, cut only between lines."""
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
        why=f"{_PATH} is not there or not readable",
        fix="mount procfs, or use a kernel with CONFIG_KALLSYMS (`rawbpf guest` brings one)",
    )
