"""Generate the tables in docs/reference/kernels.md: features, helpers and instructions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from markdown_table import table

from rawbpf.asm.forms import FORMS
from rawbpf.asm.instruction import LD_IMM64
from rawbpf.features.table import FEATURES
from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from rawbpf.asm.form import Form

_OLDEST = (5, 8)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def features() -> str:
    """Return a table with a row for each feature."""
    rows = (
        (
            feature.name,
            ".".join(map(str, feature.since)),
            f"`{feature.commit}`" if feature.commit else "",
            "yes" if feature.main_job else "",
        )
        for feature in FEATURES.values()
    )
    return table("feature | since Linux | commit | required by `rawbpf kprobe`", rows)


def helpers() -> str:
    """Return a table with one row for 5.8 and older versions, and one for each later version that
    added helpers."""
    by_kernel = [
        (kernel, [f"`{one.name}`" for one in group])
        for kernel, group in groupby(HELPERS.values(), key=lambda one: one.kernel)
    ]
    old = sum(len(names) for kernel, names in by_kernel if _version(kernel) <= _OLDEST)
    rows = [("5.8 or older", f"{old} of them")]
    for kernel, names in by_kernel:
        if _version(kernel) > _OLDEST:
            rows.append((kernel, ", ".join(names)))
    return table("since Linux | helpers", rows)


def instructions() -> str:
    """Return a table with a row for each version after 5.8 that added instructions."""
    newer = sorted(
        (form for form in FORMS if _version(form.kernel) > _OLDEST),
        key=lambda form: _version(form.kernel),
    )
    rows = []
    for kernel, group in groupby(newer, key=lambda form: form.kernel):
        names = dict.fromkeys(map(_name, group))
        rows.append((kernel, ", ".join(names)))
    return table("since Linux | instructions", rows)


def _name(form: Form) -> str:
    """Return the name of an instruction form, including the loaded value for 64-bit loads."""
    return f"`{form.name}`" + (
        f": {form.meaning.removeprefix('dst = ')}" if form.opcode == LD_IMM64 else ""
    )


PARTS = {"features": features, "helpers": helpers, "instructions": instructions}
