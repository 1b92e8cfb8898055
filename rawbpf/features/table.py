"""The table of features: the first kernel version, the commit and the probe for each.

Feature names match the kernel's names; helper names have the prefix ``bpf_``. ``main_job`` marks
the features that `rawbpf kprobe` requires. A commit is omitted if it could not be verified.

Sources: the commits themselves, bcc's docs/kernel-versions.md, and the eBPF documentation project.
A test runs all probes on each guest kernel and compares the results with this table.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm import r0, r1, r10
from rawbpf.features.probes import (
    btf_feature,
    capability,
    helper,
    instruction,
    kprobe_multi,
    log_true_size,
    map_type,
    memcg_accounting,
    module_types,
    perf_event_link,
    pmu,
    program_type,
    uprobe_multi,
)
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.asm import Builder
    from rawbpf.features.answer import Answer

__all__ = ["FEATURES", "Feature"]


class Feature(NamedTuple):
    """A feature.

    ``since`` is the first kernel version that supports the feature, as (major, minor).

    >>> FEATURES["BPF_MAP_TYPE_RINGBUF"].since
    (5, 8)
    """

    name: str
    since: tuple[int, int]
    commit: str
    probe: Callable[[], Answer]
    main_job: bool = False

    def ask(self) -> Answer:
        """Probe the running kernel for a feature.

        Without CAP_BPF and CAP_PERFMON, most results are unknown.
        """
        raise_memlock_if_needed()
        return self.probe()


def _helper(name: str, commit: str, *, main_job: bool = False) -> Feature:
    """Return the table row for a helper, whose first kernel version is listed in ``HELPERS``."""
    major, minor = HELPERS[name].kernel.split(".")
    since = int(major), int(minor)
    return Feature(f"bpf_{name}", since, commit, partial(helper, name), main_job)


def _movsx(b: Builder) -> None:
    b.mov(r1, 1)
    b.movsx8(r0, r1)


def _load_acquire(b: Builder) -> None:
    b.mov(r1, 1)
    b.stxdw(r10[-8], r1)
    b.load_acquire(r0, r10[-8])


_maps = bpf_map_type
_KPROBE = partial(program_type, bpf_prog_type.BPF_PROG_TYPE_KPROBE)
_MULTI = bpf_attach_type.BPF_TRACE_KPROBE_MULTI
_UPROBES = bpf_attach_type.BPF_TRACE_UPROBE_MULTI
_UPROBE_SESSION = bpf_attach_type.BPF_TRACE_UPROBE_SESSION
_SESSION = bpf_attach_type.BPF_TRACE_KPROBE_SESSION
_PERF_ARRAY = partial(map_type, _maps.BPF_MAP_TYPE_PERF_EVENT_ARRAY, value=4)
_RINGBUF = partial(map_type, _maps.BPF_MAP_TYPE_RINGBUF, key=0, value=0, entries=1 << 16)

# One row per line.
# fmt: off
FEATURES = {
    feature.name: feature
    for feature in (
        Feature("BPF_PROG_TYPE_KPROBE", (4, 1), "2541517c32be", _KPROBE, True),
        Feature("BPF_MAP_TYPE_PERF_EVENT_ARRAY", (4, 3), "ea317b267e9d", _PERF_ARRAY, True),
        Feature("BPF_MAP_TYPE_ARRAY", (3, 19), "28fbcfa08d8e",
                partial(map_type, _maps.BPF_MAP_TYPE_ARRAY), True),
        Feature("BPF_MAP_TYPE_PERCPU_ARRAY", (4, 6), "a10423b87a7e",
                partial(map_type, _maps.BPF_MAP_TYPE_PERCPU_ARRAY), True),
        _helper("map_lookup_elem", "0a542a86d73b", main_job=True),
        _helper("ktime_get_ns", "d9847d310ab4", main_job=True),
        _helper("get_smp_processor_id", "c04167ce2ca0", main_job=True),
        _helper("get_current_pid_tgid", "ffeedafbf023", main_job=True),
        _helper("get_current_comm", "ffeedafbf023", main_job=True),
        _helper("perf_event_output", "a43eec304259", main_job=True),
        Feature("kprobe PMU", (4, 17), "e12f03d7031a", partial(pmu, "kprobe"), True),
        _helper("probe_read_kernel", "6ae08ae3dea2"),
        Feature("CAP_PERFMON", (5, 8), "980737282232", partial(capability, "CAP_PERFMON")),
        Feature("CAP_BPF", (5, 8), "2c78ee898d8f", partial(capability, "CAP_BPF")),
        Feature("BPF_MAP_TYPE_RINGBUF", (5, 8), "457f44363a88", _RINGBUF),
        _helper("ringbuf_output", "457f44363a88"),
        Feature("memory charged to the memory cgroup", (5, 11), "80ee81e0403c", memcg_accounting),
        Feature("BTF for modules", (5, 11), "36e68442d1af", module_types),
        Feature("BTF_KIND_FLOAT", (5, 13), "b1828f0b0482", partial(btf_feature, "float")),
        Feature("BPF_LINK_TYPE_PERF_EVENT", (5, 15), "b89fbfbb854c", perf_event_link),
        _helper("get_attach_cookie", "82e6b1eee6a8"),
        Feature("BTF_KIND_DECL_TAG", (5, 16), "b5ea834dde6b",
                partial(btf_feature, "decl_tag")),
        Feature("BTF_KIND_TYPE_TAG", (5, 17), "8c42d2fa4eea",
                partial(btf_feature, "type_tag")),
        _helper("loop", "e6f2dd0f8067"),
        Feature("BPF_LINK_TYPE_KPROBE_MULTI", (5, 18), "0dcac2725406",
                partial(kprobe_multi, _MULTI)),
        Feature("BTF_KIND_ENUM64", (6, 0), "6089fb325cf7", partial(btf_feature, "enum64")),
        Feature("log_true_size", (6, 4), "47a71c1f9af0", log_true_size),
        Feature("instructions of ISA v4", (6, 6), "1f9a1ea821ff",
                partial(instruction, "r0 = (s8)r1", _movsx)),
        Feature("BPF_LINK_TYPE_UPROBE_MULTI", (6, 6), "89ae89f53d20",
                partial(uprobe_multi, _UPROBES)),
        Feature("BPF_TRACE_KPROBE_SESSION", (6, 10), "535a3692ba72",
                partial(kprobe_multi, _SESSION)),
        Feature("BPF_TRACE_UPROBE_SESSION", (6, 13), "d920179b3d48",
                partial(uprobe_multi, _UPROBE_SESSION)),
        Feature("BPF_LOAD_ACQ", (6, 15), "880442305a39",
                partial(instruction, "a load-acquire", _load_acquire)),
    )
}
# fmt: on
"""The features in the table by name, oldest first."""
