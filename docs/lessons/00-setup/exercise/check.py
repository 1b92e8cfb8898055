"""Lesson 00: can this kernel be traced? A doctor of four questions.

kernel_version()   step 1    how old is it?
capabilities()     step 2    what may this process do?
kprobe_pmu()       step 3    does it have kprobes?
missing()          step 4    so what is in the way?
"""

import os
import re
import sys
from pathlib import Path

CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""The bits of <linux/capability.h> that matter here."""


def kernel_version(release: str) -> tuple[int, int]:
    """The first two numbers of a release such as 6.1.0-18-cloud-amd64."""
    raise NotImplementedError("step 1: take two numbers out of the release")


def capabilities(status: str) -> set[str]:
    """Which of CAPABILITIES are in the line CapEff of /proc/self/status."""
    raise NotImplementedError("step 2: find the mask, and look at its bits")


def kprobe_pmu(sys_folder: Path) -> int | None:
    """The number of the kprobe PMU, from below /sys; None where there is none."""
    raise NotImplementedError("step 3: read the file, if it is there")


def missing(version: tuple[int, int], held: set[str], pmu: int | None) -> list[str]:
    """What is in the way: of "Linux 5.8", "CAP_BPF", "CAP_PERFMON" and "kprobes", in this order."""
    raise NotImplementedError("step 4: list what is in the way")


def main() -> int:
    """The answer for this machine; exit status 1 when something is missing."""
    version = kernel_version(os.uname().release)
    held = capabilities(Path("/proc/self/status").read_text())
    pmu = kprobe_pmu(Path("/sys"))
    print(f"kernel        {version[0]}.{version[1]}")
    print(f"capabilities  {', '.join(sorted(held)) or 'none'}")
    print(f"kprobe PMU    {pmu or 'none'}")
    lacking = missing(version, held, pmu)
    print(f"missing       {', '.join(lacking) or 'nothing: this kernel can be traced'}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
