"""``rawbpf link``: show the links in the kernel, with their programs and targets."""

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

USAGE = """Show the BPF links in the kernel: which program is attached to which target.

Usage:
  rawbpf link list [--json] [-v]...
  rawbpf link show LINK [--json] [-v]...

`link list` prints a table of all links. `link show` prints all details of a link, including the
processes that hold it.

Arguments:
  LINK           An ID, or the path of a pinned link, such as 3 or /sys/fs/bpf/trace. Links have no
                 names.

Options:
  --json         Print one JSON object per link, with bpftool's keys.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

Kernels before 5.15 do not support links for kprobes, uprobes, tracepoints and perf events.
"""


def run(arguments: dict[str, Any]) -> int:
    """Print a list of links or the facts about a link."""
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
            f"invalid link {text!r}",
            why="links have no names",
            fix="specify an ID from `rawbpf link list`",
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
