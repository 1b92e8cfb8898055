"""The table of features that ``rawbpf doctor --features`` prints."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FeatureRow", "feature_line", "feature_rows"]


class FeatureRow(NamedTuple):
    """A row of the feature table. ``has`` is "yes", "no" or "?"."""

    name: str
    has: str
    since: str
    commit: str
    evidence: str


def feature_rows() -> list[FeatureRow]:
    """Probe for each feature in the table."""
    from rawbpf.features.table import FEATURES  # only for --features

    rows = []
    for feature in FEATURES.values():
        outcome, evidence = feature.ask()
        since = ".".join(map(str, feature.since))
        rows.append(FeatureRow(feature.name, outcome.value, since, feature.commit, evidence))
    return rows


def feature_line(row: FeatureRow) -> str:
    """Format a row as one line of text."""
    name, has, since, commit, evidence = row
    return f"{has:<8}  {name:<30}  since {since:<5} {commit:<12}  {evidence}"
