"""Lesson 00: a small doctor that checks whether this kernel allows tracing.

The functions, in the order of the steps:

    kernel_version()   │ step 1    read the kernel version
    capabilities()     │ step 2    read the capabilities of this process
    kprobe_pmu()       │ step 3    find the kprobe PMU
    missing()          │ step 4    list what is missing
"""

import os
import re
import sys
from pathlib import Path

CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""Bit numbers from <linux/capability.h>."""


def kernel_version(release: str) -> tuple[int, int]:
    """Return the first two numbers of a release such as 6.1.0-18-cloud-amd64."""
    raise NotImplementedError("step 1: return the first two numbers of the release")


def capabilities(status: str) -> set[str]:
    """Return the names in CAPABILITIES whose bits are set in the CapEff line of ``status``."""
    raise NotImplementedError("step 2: read the CapEff mask and test its bits")


def kprobe_pmu(sys_folder: Path) -> int | None:
    """Return the number of the kprobe PMU in ``sys_folder``, or None if there is none."""
    raise NotImplementedError("step 3: read the file, or return None if it does not exist")


def missing(version: tuple[int, int], held: set[str], pmu: int | None) -> list[str]:
    """Return those of "Linux 5.8", "CAP_BPF", "CAP_PERFMON" and "kprobes" that are missing, in
    order."""
    raise NotImplementedError("step 4: list what is missing")


def main() -> int:
    """Print the answers for this machine; return 1 if a requirement is missing."""
    version = kernel_version(os.uname().release)
    held = capabilities(Path("/proc/self/status").read_text())
    pmu = kprobe_pmu(Path("/sys"))
    print(f"kernel        {version[0]}.{version[1]}")
    print(f"capabilities  {', '.join(sorted(held)) or 'none'}")
    print(f"kprobe PMU    {pmu or 'none'}")
    lacking = missing(version, held, pmu)
    print(f"missing       {', '.join(lacking) or 'nothing: this kernel allows tracing'}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
