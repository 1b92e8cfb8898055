"""Print the report of ``rawbpf doctor`` on a terminal, as tables with colours and wrapped lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rawbpf.output.text import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rawbpf.cli.system.doctor_features import FeatureRow
    from rawbpf.doctor.finding import Result

__all__ = ["show_tables"]

_COLOURS = {"ok": "green", "yes": "green", "warn": "yellow", "FAIL": "bold red", "no": "red"}


def show_tables(results: Sequence[Result], features: Sequence[FeatureRow]) -> None:
    """Print the checks, and the features if there are any, in tables on stdout."""
    console = Console()
    rows = [(status.value, name, *texts) for name, (status, *texts) in results]
    console.print(_table(("", "check", "evidence", "fix"), rows))
    if features:
        rows = [(row.has, row.name, row.since, row.commit, row.evidence) for row in features]
        console.print(_table(("", "feature", "since", "commit", "evidence"), rows))


def _table(head: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Table:
    """Return a table.

    Long lines are wrapped in all columns except those for the mark and the name. ``Text`` protects
    brackets.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, title in enumerate(head):
        table.add_column(title, no_wrap=index < 2, overflow="fold")
    for mark, *rest in rows:
        table.add_row(Text(mark, _COLOURS.get(mark, "")), *map(Text, map(for_terminal, rest)))
    return table
