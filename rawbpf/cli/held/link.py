"""``rawbpf link``: show the links in the kernel, with their programs and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.held.kernel_objects import (
    all_of,
    holder_text,
    named,
    show,
    with_holders,
)
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import UsageError
from rawbpf.kernel.perf_probes import perf_probes
from rawbpf.links.link import Link
from rawbpf.output.text import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.kernel.perf_probes import PerfProbe
    from rawbpf.syscall.fd import Fd

__all__ = ["USAGE", "run"]

_PERF_EVENT = "perf_event"

USAGE = """Show the BPF links in the kernel: which program is attached to which target.

Usage:
  rawbpf link list [--json] [-v]...
  rawbpf link show LINK [--json] [-v]...

`link list` prints a table of all links, and of the probes that processes hold as perf events
without a link; these have no ID. `link show` prints all details of a link, including the
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
    rows = list(_with_probes(rows, only_links=not arguments["list"]))
    write_lines(show(rows, arguments, _table))
    return 0


def _with_probes(rows: list[dict[str, Any]], *, only_links: bool) -> Iterator[dict[str, Any]]:
    """Add what perf events tell: the probe of a link before 6.6, and probes without a link."""
    probes = list(perf_probes())
    links = {row["prog_id"] for row in rows if row["type"] == _PERF_EVENT}
    for row in rows:
        known = row["type"] != _PERF_EVENT or "event" in row
        yield row if known else row | _probe_of(row, probes)
    for probe in probes:
        if not only_links and probe.prog_id not in links:
            row = {"id": None, "type": _PERF_EVENT, "prog_id": probe.prog_id, **probe.part}
            yield row | {"pids": [probe.holder._asdict()]}


def _probe_of(row: dict[str, Any], probes: list[PerfProbe]) -> dict[str, Any]:
    """Return the probe of a link, if the link's holders attached its program to only one probe."""
    holders = {one["pid"] for one in row["pids"]}
    found = [
        one.part for one in probes if one.prog_id == row["prog_id"] and one.holder.pid in holders
    ]
    return found[0] if found and all(part == found[0] for part in found) else {}


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
    titles = ["ID", "TYPE", "PROG", "HELD BY", "WHERE"]
    return table(titles, map(_cells, rows), right={"ID", "PROG"})


def _cells(row: dict[str, Any]) -> list[object]:
    where = " ".join(
        f"{name}={value}"
        for name, value in row.items()
        if name not in ("id", "type", "prog_id", "pids")
    )
    number = "-" if row["id"] is None else row["id"]
    return [number, row["type"], row["prog_id"], holder_text(row["pids"]), where]
