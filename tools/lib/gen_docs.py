"""Generate the parts of documentation pages that come from tables and docstrings in the code.

Generated parts are enclosed in the marks `<!-- generated: NAME -->` and `<!-- end -->` of a page.
The function for that name returns the text between the marks. The rest of a page is written by
hand."""

import re
import sys
from pathlib import Path

import api_tables
import assembly_tables
import feature_tables
import machine_tables
import map_tables
import object_tables
import refusal_tables
import rights_tables
import syscall_tables
import verifier_tables

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    ROOT / "docs/api.md": api_tables.PARTS,
    ROOT / "docs/reference/assembly.md": assembly_tables.PARTS,
    ROOT / "docs/reference/btf.md": object_tables.PARTS,
    ROOT / "docs/reference/kernels.md": feature_tables.PARTS,
    ROOT / "docs/reference/machine.md": machine_tables.PARTS,
    ROOT / "docs/reference/maps.md": map_tables.PARTS,
    ROOT / "docs/reference/refusals.md": refusal_tables.PARTS,
    ROOT / "docs/reference/sections.md": object_tables.PARTS,
    ROOT / "docs/reference/syscalls.md": syscall_tables.PARTS,
    ROOT / "docs/reference/verifier.md": verifier_tables.PARTS,
    ROOT / "docs/security.md": rights_tables.PARTS,
}

_MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(page: Path) -> str:
    """Return the text of a page after updating its generated parts."""
    parts = PAGES[page]
    return _MARKED.sub(lambda mark: f"{mark[1]}\n{parts[mark[2]]()}\n\n{mark[3]}", page.read_text())


def main(words: list[str]) -> int:
    stale = [page for page in PAGES if page.read_text() != renewed(page)]
    for page in stale:
        print(page.relative_to(ROOT))
        if "--check" not in words:
            page.write_text(renewed(page))
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
