"""Print the results of a benchmark, as a table for people or as JSON for programs."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["show"]


def show(results: Mapping[str, tuple[str, Sequence[float]]], *, as_json: bool) -> None:
    """Print each result with its name, unit and values.

    The spread is the distance between the smallest and the largest value.

    >>> show({"load": ("ms", [1.0, 5.0, 2.0])}, as_json=True)
    {"load": {"median": 2.0, "spread": 4.0, "unit": "ms"}}
    >>> show({"load": ("ms", [1.0, 5.0, 2.0])}, as_json=False)
                                                  median     spread
    load                                             2.0        4.0 ms
    """
    rows = {
        name: {
            "median": round(statistics.median(values), 3),
            "spread": round(max(values) - min(values), 3),
            "unit": unit,
        }
        for name, (unit, values) in results.items()
    }
    if as_json:
        print(json.dumps(rows))
        return
    print(f"{'':42} {'median':>9} {'spread':>10}")
    for name, row in rows.items():
        print(f"{name:42} {row['median']:>9.1f} {row['spread']:>10.1f} {row['unit']}")
