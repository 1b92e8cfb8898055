"""What ``rawbpf doctor --features`` lists: each feature of the table, asked for."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FeatureRow", "feature_line", "feature_rows"]


class FeatureRow(NamedTuple):
    """A feature as it is shown; ``has`` is yes, no or ?."""

    name: str
    has: str
    since: str
    commit: str
    evidence: str


def feature_rows() -> list[FeatureRow]:
    """Ask for each."""
    from rawbpf.features.table import FEATURES  # only if it was asked for

    rows = []
    for feature in FEATURES.values():
        outcome, evidence = feature.ask()
        since = ".".join(map(str, feature.since))
        rows.append(FeatureRow(feature.name, outcome.value, since, feature.commit, evidence))
    return rows


def feature_line(row: FeatureRow) -> str:
    """A row where there is no terminal."""
    name, has, since, commit, evidence = row
    return f"{has:<8}  {name:<30}  since {since:<5} {commit:<12}  {evidence}"
