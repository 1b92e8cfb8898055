"""Load programs, and run, show and query loaded programs."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.programs.info import ProgramInfo, count_runs
    from rawbpf.programs.program import KernelProgram, Program, load
    from rawbpf.programs.request import Request, Verdict, verify
    from rawbpf.programs.trial_run import test_run

__all__ = [
    "KernelProgram",
    "Program",
    "ProgramInfo",
    "Request",
    "Verdict",
    "count_runs",
    "load",
    "test_run",
    "verify",
]

_HOMES = {
    "KernelProgram": "rawbpf.programs.program",
    "Program": "rawbpf.programs.program",
    "ProgramInfo": "rawbpf.programs.info",
    "Request": "rawbpf.programs.request",
    "Verdict": "rawbpf.programs.request",
    "count_runs": "rawbpf.programs.info",
    "load": "rawbpf.programs.program",
    "test_run": "rawbpf.programs.trial_run",
    "verify": "rawbpf.programs.request",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
