"""Try each step of `rawbpf kprobe`, and undo the step.

The program from lesson 01 is loaded with its maps, rings are opened on all CPUs, and an event of
the kprobe PMU is opened on a function that is rarely called. No program is attached to the event.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawbpf.doctor.finding import fail, ok
from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.features.answer import Outcome
from rawbpf.features.table import FEATURES
from rawbpf.kernel.hardware import pmu_type, possible_cpus
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.links.diagnose import explain_kprobe_failure
from rawbpf.maps.map import Map, PerCpuArray
from rawbpf.programs.program import load
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.syscall.perf_event import open_probe
from rawbpf.tracing.log_program import (
    CPU_STATE,
    EVENTS,
    OUTCOMES,
    cpu_state_map,
    events_map,
    hello_kprobe,
)

if TYPE_CHECKING:
    from rawbpf.doctor.finding import Finding
    from rawbpf.kernel.hardware import Root

__all__ = ["load_and_read", "missing_features", "place_a_probe"]

_FUNCTION = "vfs_rmdir"
"""An exported function that is never inlined.

It was added before 5.8, and is called only for rmdir(2)."""


def missing_features(_: Root) -> Finding:
    """Probe for each feature that the program uses except the PMU, which has a check of its own."""
    needed = (f for f in FEATURES.values() if f.main_job and f.name != "kprobe PMU")
    answers = {feature.name: feature.ask() for feature in needed}
    absent = [name for name, answer in answers.items() if answer.outcome is Outcome.NO]
    if absent:
        return fail(
            f"this kernel does not support {', '.join(absent)}",
            "use another kernel: `rawbpf guest`",
        )
    unsure = [answer for answer in answers.values() if answer.outcome is Outcome.UNSURE]
    if unsure:
        return fail(f"features unknown ({unsure[0].evidence})", "see the failed checks above")
    return ok(f"this kernel supports all {len(answers)} features that `rawbpf kprobe` uses")


def load_and_read(_: Root) -> Finding:
    """Create the maps, load the program and open the rings."""
    raise_memlock_if_needed()
    with ExitStack() as stack:
        events = stack.enter_context(Map.create(events_map(possible_cpus())))
        outcomes = stack.enter_context(PerCpuArray.create(OUTCOMES))
        state = stack.enter_context(Map.create(cpu_state_map(possible_cpus())))
        spec = hello_kprobe()
        maps = {EVENTS: events, OUTCOMES.name: outcomes, CPU_STATE: state}
        stack.enter_context(load(spec, maps))
        reader = stack.enter_context(PerfReader(events))
        rings = len(reader.filenos())
    return ok(f"loaded the program ({spec.code.slots} instructions) and opened {rings} rings")


def place_a_probe(_: Root) -> Finding:
    """Open a kprobe's perf event without attaching a program."""
    try:
        pmu = pmu_type("kprobe")
    except UnsupportedError:
        return fail("this kernel has no kprobe PMU", "see `kprobes` above")
    try:
        open_probe(pmu, _FUNCTION).close()
    except KernelError as error:
        raise explain_kprobe_failure(_FUNCTION, error.errno or 0) from None
    return ok(f"created a kprobe on {_FUNCTION} and removed it")
