"""Performance monitoring units: the kinds of perf event that this kernel numbers at run time.

``kprobe`` is one (4.17, with CONFIG_KPROBE_EVENTS). perf_event_open(2) wants its number in
``attr.type``, and its options as bits of ``attr.config``; sysfs tells both:

    /sys/bus/event_source/devices/kprobe/type               6
    /sys/bus/event_source/devices/kprobe/format/retprobe    config:0

Source: Documentation/ABI/testing/sysfs-bus-event_source-devices and -format.
"""

from __future__ import annotations

import re

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.files import Root, read_text

__all__ = ["pmu_format_bit", "pmu_type"]

_DEVICES = "/sys/bus/event_source/devices"


def pmu_type(name: str, root: Root = "/") -> int:
    """The number that stands for a PMU in ``perf_event_attr.type``.

    Raises UnsupportedError if this kernel has no such PMU.

    >>> pmu_type("software")
    1
    """
    text = _read(name, "type", root)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise FormatError(f"the {name} PMU calls its type {text!r}", why="it should be a number")
    return int(text)


def pmu_format_bit(name: str, field: str, root: Root = "/") -> int:
    """The bit of ``perf_event_attr.config`` that a one-bit option of a PMU is."""
    text = _read(name, f"format/{field}", root)
    found = re.fullmatch(r"config:([0-9]{1,2})", text)
    if found is None:
        raise FormatError(
            f"{name}'s option {field} is {text!r}", why="it should be one bit, as config:0"
        )
    return int(found[1])


def _read(name: str, file: str, root: Root) -> str:
    text = read_text(root, f"{_DEVICES}/{name}/{file}")
    if text is not None:
        return text
    if read_text(root, f"{_DEVICES}/software/type") is None:
        why, fix = "sysfs is not mounted, or perf is not there", "mount -t sysfs sysfs /sys"
    else:
        why = f"{_DEVICES}/{name}/{file} is not there"
        fix = "use a kernel that has it: `rawbpf guest` brings one"
    if name == "kprobe":
        why += " (kernels since 4.17 have it, if built with CONFIG_KPROBE_EVENTS)"
    raise UnsupportedError(f"this kernel has no {name} PMU", why=why, fix=fix)
