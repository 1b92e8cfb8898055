"""Generate the tables of docs/security.md from the table of capabilities that commands need."""

from markdown_table import table

from rawbpf.kernel.needs import NEEDS


def rights() -> str:
    """Return a table with a row for each command and capability."""
    rows = (
        (f"`{name}`" if first else "", need.capability, need.purpose, _word(optional=need.optional))
        for name, needs in NEEDS.items()
        for first, need in ((need is needs[0], need) for need in needs)
    )
    return table("command | capability | to | required", rows)


def _word(*, optional: bool) -> str:
    return "" if optional else "yes"


def kept() -> str:
    """Return a table of the capabilities that tracing commands keep after attaching."""
    rows = ((need.capability, need.kept) for need in NEEDS["run"] if need.kept)
    return table("capability | kept", rows)


PARTS = {"rights": rights, "kept": kept}
