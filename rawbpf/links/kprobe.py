"""A kprobe by way of perf_event_open(2): a breakpoint in the kernel's text that runs a program.

    perf_event_open(kprobe PMU, function)    the kernel makes the probe
    ioctl(PERF_EVENT_IOC_SET_BPF, program)   from here on each hit runs the program
    ioctl(PERF_EVENT_IOC_ENABLE)             the event itself counts, too
    close()                                  the probe is gone

The probe lives as long as the descriptor: a process that dies, even of SIGKILL, takes it along. A
probe made by writing to tracefs would stay behind. PERF_EVENT_IOC_DISABLE would not stop the
program: it runs for every hit of the probe, whatever the state of the event (kprobe_perf_func).
Only close() ends it, and it returns after the last run has ended, so what is in the rings then is
all there will ever be (perf_trace_event_unreg calls tracepoint_synchronize_unregister).

Minimum kernel: 4.17 (the kprobe PMU, e12f03d7031a).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rawbpf.errors import KernelError
from rawbpf.kernel.hardware import pmu_format_bit, pmu_type
from rawbpf.links.diagnose import check_function_name, explain_kprobe_failure
from rawbpf.syscall.fd import Owner
from rawbpf.syscall.perf_event import open_probe, perf_ioctl
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from rawbpf.programs.program import Program
    from rawbpf.syscall.fd import Fd

__all__ = ["KprobeLink", "open_kprobe"]


def open_kprobe(function: str, *, retprobe: bool = False, offset: int = 0) -> Fd:
    """The perf event of a kprobe on ``function``, so many bytes in. AttachError: what prevents it.

    An instruction has to begin there (EILSEQ), and returns have no offset.
    """
    check_function_name(function)
    config = 1 << pmu_format_bit("kprobe", "retprobe") if retprobe else 0
    try:
        return open_probe(pmu_type("kprobe"), function, config=config, offset=offset)
    except KernelError as error:
        raise explain_kprobe_failure(function, error.errno or 0, retprobe=retprobe) from None


class KprobeLink(Owner):
    """Owns one kprobe and its tie to a program."""

    def __init__(self, fd: Fd, function: str) -> None:
        self._fd = fd
        self.function = function

    @classmethod
    def attach(cls, program: Program, function: str, *, retprobe: bool = False) -> Self:
        """Probe ``function`` (on return, with ``retprobe``). AttachError says what prevents it."""
        fd = open_kprobe(function, retprobe=retprobe)
        try:
            perf_ioctl(fd, perf_event_ioc.PERF_EVENT_IOC_SET_BPF, program.fileno())
            perf_ioctl(fd, perf_event_ioc.PERF_EVENT_IOC_ENABLE)
        except BaseException:
            fd.close()
            raise
        return cls(fd, function)

    def close(self) -> None:
        """Detach. Closing twice does nothing."""
        self._fd.close()
