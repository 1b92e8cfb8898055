"""Read and explain verifier logs.

The package turns text into Python objects, and does not access the kernel.

`log.py` reads a log, `path.py` walks back to the instructions that led to the rejection,
`origins.py` follows a value along that path, `rules/` recognizes messages, and `explainer.py`
combines the results into an explanation. These modules are imported only when a program is rejected
or a command needs a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.verifier.exhibits import exhibits_of
    from rawbpf.verifier.explainer import explain
    from rawbpf.verifier.log import Log
    from rawbpf.verifier.patch import Patch
    from rawbpf.verifier.path import Path
    from rawbpf.verifier.registry import all_rules
    from rawbpf.verifier.rule import Rule
    from rawbpf.verifier.visits import read_visits

__all__ = [
    "Log",
    "Patch",
    "Path",
    "Rule",
    "all_rules",
    "exhibits_of",
    "explain",
    "read_visits",
]

_HOMES = {
    "Log": "rawbpf.verifier.log",
    "Patch": "rawbpf.verifier.patch",
    "Path": "rawbpf.verifier.path",
    "Rule": "rawbpf.verifier.rule",
    "all_rules": "rawbpf.verifier.registry",
    "exhibits_of": "rawbpf.verifier.exhibits",
    "explain": "rawbpf.verifier.explainer",
    "read_visits": "rawbpf.verifier.visits",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
