"""``rawbpf link``: what is attached where, as far as the kernel has links for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.held.kernel_objects import all_of, named, show, with_holders
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import UsageError
from rawbpf.links.link import Link
from rawbpf.output.text import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.fd import Fd

__all__ = ["USAGE", "run"]

USAGE = """Show the links that the kernel holds: which program is attached where.

Usage:
  rawbpf link list [--json] [-v]...
  rawbpf link show LINK [--json] [-v]...

list is a table of all, show tells all about one, and which processes hold it.

Arguments:
  LINK           An id, or where it is pinned: 3, /sys/fs/bpf/trace. Links have no names.

Options:
  --json         One JSON object a link. The keys are bpftool's.
  -v, --verbose  Say more on stderr.
  -h, --help     Show this.

Kernels before 5.15 have no links for kprobes, uprobes, tracepoints and perf events.
"""


def run(arguments: dict[str, Any]) -> int:
    """Print what was asked for."""
    if arguments["list"]:
        links = all_of("link", _link)
    else:
        _check(arguments["LINK"])
        links = named("link", arguments["LINK"], _link, _no_name)
    rows = with_holders("link", [_facts(one) for one in links])
    write_lines(show(rows, arguments, _table))
    return 0


def _link(fd: Fd) -> Link:
    return Link("link", fd)


def _check(text: str) -> None:
    if not text.isdecimal() and "/" not in text:
        raise UsageError(
            f"{text!r} is no link: links have no names", fix="give an id of `rawbpf link list`"
        )


def _no_name(_: Link) -> str:
    return ""


def _facts(link: Link) -> dict[str, Any]:
    info = link.info()
    return {"id": info.id, "type": info.type_word, "prog_id": info.prog_id, **info.part}


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    return table(["ID", "TYPE", "PROG", "WHERE"], map(_cells, rows), right={"ID", "PROG"})


def _cells(row: dict[str, Any]) -> list[object]:
    where = " ".join(
        f"{name}={value}"
        for name, value in row.items()
        if name not in ("id", "type", "prog_id", "pids")
    )
    return [row["id"], row["type"], row["prog_id"], where]
