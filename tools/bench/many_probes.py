#!/usr/bin/env python3
"""Measure the cost of each probe when a tool attaches 1, 10, 100 or 1,000 of them.

    python tools/bench/many_probes.py [--json] [ROUNDS [KERNEL]]

Without KERNEL, the script must run as root and attaches probes to this kernel; otherwise, it starts
a guest with that kernel. Two methods are measured: one program attached to many functions, and an
object with one program for each function, as `rawbpf run` loads it. The cost per probe must not
grow with the number of probes. A plain loop over the system calls is measured for comparison.

The measured time is the CPU time of the Python process. Each probe also takes 10 ms or more in the
kernel, which waits for other CPUs (synchronize_rcu). A guest is started with expedited waiting, or
1,000 probes would take many minutes."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from rawbpf.asm import Builder, r0
from rawbpf.collection.collection import Collection
from rawbpf.collection.kernel_facts import KernelFacts
from rawbpf.command_words import own_python
from rawbpf.kernel.hardware import pmu_type
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.kernel.probeable import probe_rules, probeable_functions
from rawbpf.links.dispatch import attach
from rawbpf.programs.program import load
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProbeKind, ProbeSpec, ProgramSpec
from rawbpf.syscall.bpf import link_create_perf_event
from rawbpf.syscall.perf_event import open_probe
from rawbpf.uapi.bpf import bpf_prog_type

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from measured import show  # noqa: E402 -- after the path is set

COUNTS = (1, 10, 100, 1000)


def functions(count: int) -> list[str]:
    """Return functions that can be probed, and that the kernel does not call during the
    measurement."""
    kernel = read_kallsyms()
    symbols = list(kernel)
    quiet = ("acpi_", "pci_", "nfs_", "ip6_", "xfrm_", "drm_", "scsi_", "ata_", "snd_", "ext4_")
    found = probeable_functions(
        symbols, probe_rules(kernel, symbols), lambda name: name.startswith(quiet)
    )
    return [one.name for one in found if one.namesakes == 1 and one.module is None][:count]


def program(name: str, function: str) -> ProgramSpec:
    b = Builder(name)
    b.mov(r0, 0)
    b.exit()
    kind, section = bpf_prog_type.BPF_PROG_TYPE_KPROBE, f"kprobe/{function}"
    return ProgramSpec(name, kind, b.build(), section=section, attach_to=function)


def user_time() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def by_the_kernel(names: list[str]) -> float:
    with load(program("one", names[0]), {}) as loaded, ExitStack() as stack:
        number = pmu_type("kprobe")
        begun = user_time()
        for name in names:
            event = stack.enter_context(open_probe(number, name))
            stack.enter_context(link_create_perf_event(loaded.fileno(), event.fileno(), 0))
        return user_time() - begun


def by_attach(names: list[str]) -> float:
    with load(program("one", names[0]), {}) as loaded, ExitStack() as stack:
        begun = user_time()
        for name in names:
            stack.enter_context(attach(loaded, ProbeSpec(ProbeKind.KPROBE, name)))
        return user_time() - begun


def by_an_object(names: list[str]) -> tuple[float, float]:
    programs = {f"p{at}": program(f"p{at}", name) for at, name in enumerate(names)}
    with Collection(ObjectSpec(programs, license="GPL"), KernelFacts()) as collection:
        begun = user_time()
        collection.load()
        loaded = user_time()
        collection.attach()
        assert len(collection.links) == len(names), collection.skipped
        return loaded - begun, user_time() - loaded


def compare(rounds: int, *, as_json: bool) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = functions(COUNTS[-1])
    results: dict[str, tuple[str, list[float]]] = {}

    def note(what: str, count: int, seconds: float) -> None:
        name = f"{what}, each of {count}"
        results.setdefault(name, ("us of user CPU", []))[1].append(1e6 * seconds / count)

    by_attach(names[:1])
    by_an_object(names[:1])  # imports
    for _ in range(rounds):
        for count in COUNTS:
            note("system calls alone", count, by_the_kernel(names[:count]))
            note("attach", count, by_attach(names[:count]))
            loading, attaching = by_an_object(names[:count])
            note("object: load", count, loading)
            note("object: attach", count, attaching)
    show(dict(sorted(results.items())), as_json=as_json)


def in_guest(kernel: str, words: list[str]) -> None:
    guest = own_python("rawbpf", "guest", f"--kernel={kernel}", "--no-workload")
    guest += ["--add", str(ROOT / "tools" / "lib" / "measured.py")]
    guest += ["--kernel-args", "rcupdate.rcu_expedited=1"]
    here = ["python", str(Path(__file__).resolve()), *words]
    subprocess.run([*guest, "--", *here], check=True)


def main(words: list[str]) -> None:
    numbers = [word for word in words if not word.startswith("--")]
    if len(numbers) > 1:
        in_guest(numbers[1], [word for word in words if word != numbers[1]])
    else:
        compare(int((*numbers, "3")[0]), as_json="--json" in words)


if __name__ == "__main__":
    main(sys.argv[1:])
