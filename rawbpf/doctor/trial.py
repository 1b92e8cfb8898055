"""The proof: do what `rawbpf kprobe` does, step by step, and undo it.

The lesson's own program is loaded with its maps, rings are opened on every CPU, and an event of the
kprobe PMU on a function that hardly anybody calls. No program is tied to that event.
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
from rawbpf.programs.load import load
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.syscall.perf_event import open_probe
from rawbpf.tracing.log_program import EVENTS, OUTCOMES, events_map, hello_kprobe

if TYPE_CHECKING:
    from rawbpf.doctor.finding import Finding
    from rawbpf.kernel.files import Root

__all__ = ["load_and_read", "missing_features", "place_a_probe"]

_FUNCTION = "vfs_rmdir"
"""Exported since long before 5.8, so no compiler inlines it; and called by rmdir(2) alone."""


def missing_features(_: Root) -> Finding:
    """Each thing that the program uses, asked for by itself; the PMU has a check of its own."""
    needed = (f for f in FEATURES.values() if f.main_job and f.name != "kprobe PMU")
    answers = {feature.name: feature.ask() for feature in needed}
    absent = [name for name, answer in answers.items() if answer.outcome is Outcome.NO]
    if absent:
        return fail(f"the kernel has no {', '.join(absent)}", "use another kernel: `rawbpf guest`")
    unsure = [answer for answer in answers.values() if answer.outcome is Outcome.UNSURE]
    if unsure:
        return fail(f"could not tell ({unsure[0].evidence})", "the lines above say why")
    return ok(f"all {len(answers)} that the program uses are there")


def load_and_read(_: Root) -> Finding:
    """Maps, program, rings."""
    raise_memlock_if_needed()
    with ExitStack() as stack:
        events = stack.enter_context(Map.create(events_map(possible_cpus())))
        outcomes = stack.enter_context(PerCpuArray.create(OUTCOMES))
        spec = hello_kprobe()
        stack.enter_context(load(spec, {EVENTS: events, OUTCOMES.name: outcomes}))
        reader = stack.enter_context(PerfReader(events))
        rings = len(reader.filenos())
    return ok(
        f"the verifier took the program of {spec.code.slots} instructions, {rings} rings open"
    )


def place_a_probe(_: Root) -> Finding:
    """The perf event of a kprobe, without a program."""
    try:
        pmu = pmu_type("kprobe")
    except UnsupportedError:
        return fail("nothing to try it with: no kprobe PMU", "see `kprobes` above")
    try:
        open_probe(pmu, _FUNCTION).close()
    except KernelError as error:
        raise explain_kprobe_failure(_FUNCTION, error.errno or 0) from None
    return ok(f"a kprobe on {_FUNCTION} was placed and taken away")
