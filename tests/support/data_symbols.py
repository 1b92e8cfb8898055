"""Whether /proc/kallsyms lists variables, which Debian's arm64 kernels up to 6.1 omit."""

from pathlib import Path

__all__ = ["lists_variables"]


def lists_variables() -> bool:
    """Return whether the kernel was built with CONFIG_KALLSYMS_ALL."""
    lines = Path("/proc/kallsyms").read_text().splitlines()
    return any(line.split()[2] == "jiffies" for line in lines)
