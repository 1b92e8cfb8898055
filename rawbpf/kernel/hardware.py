"""Facts from kernel files about CPUs, performance monitoring units and clocks.

The kernel provides most facts as small text files in procfs and sysfs. All functions in this
package that read files take a parameter ``root``, the folder to use in place of ``/``. Tests pass a
folder of files that describes a machine or kernel that is not available. If a file is missing or
unreadable, these functions return None, because only the caller knows whether that is an error.
Other failures raise.

sysfs lists CPUs as ranges, such as ``0-3,8``. *Possible* CPUs have fixed IDs: a per-CPU map
contains a value for each possible CPU, in this order. *Online* CPUs are currently running, and only
these can have a perf event (perf_event_open fails with ENODEV on other CPUs). CPU IDs may be larger
than the number of CPUs, so it is incorrect to iterate over ``range(os.cpu_count())``.

A PMU is a source of perf events; the kernel assigns its number at run time. ``kprobe`` is a PMU
(4.17, with CONFIG_KPROBE_EVENTS). perf_event_open(2) takes the PMU's number in ``attr.type`` and
the options as bits of ``attr.config``; sysfs provides both:

    /sys/bus/event_source/devices/kprobe/type               6
    /sys/bus/event_source/devices/kprobe/format/retprobe    config:0

bpf_ktime_get_ns() reads the kernel's monotonic clock, which counts nanoseconds since boot,
excluding the time in suspend. The wall clock is the monotonic clock plus an offset, which changes
when the clock is set. One reading of the offset is sufficient for a tracing session, but not for
the lifetime of a service. In a time namespace (5.6), CLOCK_MONOTONIC and CLOCK_BOOTTIME of a
process are ahead of the kernel's clocks by the offsets in /proc/self/timens_offsets, which are
written as "monotonic 86400 0", in seconds and nanoseconds. The file describes the namespace for new
children, which newer kernels also enter on execve(2).

Sources: Documentation/ABI/testing/sysfs-bus-event_source-devices and -format.
"""

from __future__ import annotations

import os
import time

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Root",
    "at",
    "online_cpus",
    "parse_cpu_list",
    "pmu_format_bit",
    "pmu_type",
    "possible_cpus",
    "read_bytes",
    "read_text",
    "sysctl",
    "time_namespace_offset_ns",
    "wall_clock_offset_ns",
]

_MOST = 1 << 16
"""An upper bound for CPU IDs, larger than NR_CPUS (at most 8192).

A list that contains larger IDs is considered damaged."""


def parse_cpu_list(text: str) -> list[int]:
    """Return the CPU IDs in a list such as 0-3,8, in order.

    Raises FormatError if the list is malformed.

    >>> parse_cpu_list("0-3,8")
    [0, 1, 2, 3, 8]
    """
    cpus: list[int] = []
    for part in text.strip().split(",") if text.strip() else ():
        lowest, dash, highest = part.partition("-")
        first, last = _small(lowest), _small(highest if dash else lowest)
        if not 0 <= first <= last < _MOST:
            raise FormatError(
                f"invalid CPU list {text.strip()[:80]!r}", fix="expected a list such as 0-3,8"
            )
        cpus.extend(range(first, last + 1))
    return cpus


def _small(text: str) -> int:
    """Return a number of at most nine digits, or -1 if the text is not such a number.

    Modules that are imported by every command avoid ``re``, whose import takes 2 ms.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else -1


def possible_cpus(root: Root = "/") -> list[int]:
    """Return the IDs of all possible CPUs, in the order of a per-CPU map's values.

    >>> possible_cpus()[0]
    0
    """
    return _cpus("possible", root, _read_once)


def online_cpus(root: Root = "/") -> list[int]:
    """Return the IDs of the CPUs that are online and can therefore have perf events."""
    return _cpus("online", root, read_text)


def _cpus(which: str, root: Root, read: Callable[[Root, str], str | None]) -> list[int]:
    text = read(root, f"/sys/devices/system/cpu/{which}")
    if text is None:
        raise UnsupportedError(
            f"cannot determine which CPUs are {which}",
            why="/sys/devices/system/cpu does not exist",
            fix="mount sysfs: mount -t sysfs sysfs /sys",
        )
    return parse_cpu_list(text)


_DEVICES = "/sys/bus/event_source/devices"


def pmu_type(name: str, root: Root = "/") -> int:
    """Return the number of a PMU, for use in ``perf_event_attr.type``.

    Raises UnsupportedError if this kernel does not have the PMU.

    >>> pmu_type("software")
    1
    """
    text = _read(name, "type", root)
    number = _small(text)
    if number < 0:
        raise FormatError(f"invalid type of the {name} PMU: {text!r}", why="expected a number")
    return number


def pmu_format_bit(name: str, field: str, root: Root = "/") -> int:
    """Return the bit of ``perf_event_attr.config`` that sets a one-bit option of a PMU."""
    text = _read(name, f"format/{field}", root)
    prefix, _, number = text.partition(":")
    bit = _small(number)
    if prefix != "config" or not 0 <= bit < 64:
        raise FormatError(
            f"invalid option {field} of the {name} PMU: {text!r}",
            why="expected one bit, such as config:0",
        )
    return bit


def _read(name: str, file: str, root: Root) -> str:
    text = _read_once(root, f"{_DEVICES}/{name}/{file}")
    if text is not None:
        return text
    if read_text(root, f"{_DEVICES}/software/type") is None:
        why, fix = (
            "sysfs is not mounted, or the kernel does not support perf events",
            "mount -t sysfs sysfs /sys",
        )
    else:
        why = f"{_DEVICES}/{name}/{file} does not exist"
        fix = "use a kernel with this PMU, for example with `rawbpf guest`"
    if name == "kprobe":
        why += " (the PMU needs Linux 4.17 and CONFIG_KPROBE_EVENTS)"
    raise UnsupportedError(f"this kernel has no {name} PMU", why=why, fix=fix)


_READINGS = 5


def wall_clock_offset_ns() -> int:
    """Return the offset that converts bpf_ktime_get_ns() to nanoseconds since 1970.

    Two clocks cannot be read at the same time, so the wall clock is read between two readings of
    CLOCK_MONOTONIC. Of five attempts, the attempt with the shortest interval is used.

    >>> now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) - time_namespace_offset_ns()
    >>> abs(now + wall_clock_offset_ns() - time.time_ns()) < 10**9
    True
    """
    return min(_reading() for _ in range(_READINGS))[1] + time_namespace_offset_ns()


def _reading() -> tuple[int, int]:
    """Return the time between the two readings, and the offset at their midpoint, in ns."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return after - before, wall - (before + after) // 2


_TIMENS_OFFSET = r"^{}\s+(-?[0-9]{{1,12}})\s+([0-9]{{1,9}})$"
_PROC_TIME_INIT_INO = 0xEFFFFFFA


def time_namespace_offset_ns(clock: str = "monotonic", root: Root = "/") -> int:
    """Return how far this process's clock is ahead of the kernel's clock, in nanoseconds.

    ``clock`` is "monotonic" or "boottime". Raises UnsupportedError if this process is in a time
    namespace whose offsets the kernel does not expose.

    >>> time_namespace_offset_ns(root="/nonexistent")   # a kernel without time namespaces
    0
    """
    own, shown = (_link(root, f"/proc/self/ns/{name}") for name in ("time", "time_for_children"))
    if own in (None, f"time:[{_PROC_TIME_INIT_INO}]"):
        return 0
    import re  # imported only in a time namespace

    text = read_text(root, "/proc/self/timens_offsets") or ""
    found = re.search(_TIMENS_OFFSET.format(clock), text, re.MULTILINE)
    if own != shown or found is None:
        raise UnsupportedError(
            "cannot convert the time stamps of this time namespace",
            why="/proc/self/timens_offsets shows the offsets of another namespace",
            fix="start rawbpf in a new process of the namespace",
        )
    return int(found[1]) * 10**9 + int(found[2])


def _link(root: Root, path: str) -> str | None:
    try:
        return os.readlink(at(root, path))  # noqa: PTH115 -- see at
    except FileNotFoundError:
        return None


Root = str | os.PathLike[str]
"""The default for the folder to use in place of ``/``."""


def at(root: Root, path: str) -> str:
    """Return the location below ``root`` of an absolute ``path``.

    >>> at("/tmp/fixture", "/proc/version"), at("/", "/proc/version")
    ('/tmp/fixture/proc/version', '/proc/version')
    """
    return os.path.join(root, path.lstrip("/"))  # noqa: PTH118 -- importing pathlib takes 5 ms


_fixed: dict[str, str] = {}


def _read_once(root: Root, path: str) -> str | None:
    """Return the text of a kernel file that does not change until the next boot.

    Without this cache, a tool with 1,000 probes would read the same files 1,000 times.
    """
    if root != "/":
        return read_text(root, path)
    text = _fixed.get(path) or read_text(root, path)
    if text:
        _fixed[path] = text
    return text


def read_bytes(root: Root, path: str) -> bytes | None:
    """Return the bytes of a file, or None if it is missing or unreadable.

    Reading a file in /proc/PID fails with ESRCH if the process ended after the file was opened.

    >>> read_bytes("/nonexistent", "/proc/version") is None
    True
    """
    try:
        with open(at(root, path), "rb") as file:  # noqa: PTH123 -- see at
            return file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return None


def read_text(root: Root, path: str) -> str | None:
    """Return the stripped text of a file, or None if it is missing or unreadable."""
    data = read_bytes(root, path)
    return None if data is None else data.decode(errors="backslashreplace").strip()


def sysctl(name: str, root: Root = "/") -> int | None:
    """Return a number from /proc/sys, such as ``kernel/kptr_restrict``.

    The result is None if the file is missing.
    """
    text = read_text(root, f"/proc/sys/{name}")
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise FormatError(f"sysctl {name} is {text[:80]!r}", why="expected a number") from None
