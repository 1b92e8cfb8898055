"""<linux/perf_event.h>: perf_event_open(2), its ioctls, the control page and the records.

Source: include/uapi/linux/perf_event.h. Tests compare every constant, offset and size with the C
header and with the BTF of every guest kernel.

>>> from ctypes import sizeof
>>> sizeof(PerfEventAttr), PerfEventMmapPage.data_head.offset
(136, 1024)
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from rawbpf.light_enum import IntEnum

__all__ = [
    "PERF_COUNT_SW_BPF_OUTPUT",
    "PERF_COUNT_SW_CPU_CLOCK",
    "PERF_FLAG_FD_CLOEXEC",
    "PERF_RECORD_LOST",
    "PERF_RECORD_SAMPLE",
    "PERF_SAMPLE_RAW",
    "PERF_TYPE_SOFTWARE",
    "PERF_TYPE_TRACEPOINT",
    "PerfEventAttr",
    "PerfEventMmapPage",
    "perf_event_ioc",
]

PERF_TYPE_SOFTWARE = 1
PERF_TYPE_TRACEPOINT = 2
PERF_COUNT_SW_CPU_CLOCK = 0
PERF_COUNT_SW_BPF_OUTPUT = 10
"""A software event that never fires by itself; bpf_perf_event_output writes records to its ring
(4.4)."""

PERF_SAMPLE_RAW = 1 << 10
PERF_ATTR_WATERMARK = 1 << 14
"""The ``watermark`` bit of ``flags``, which makes ``wakeup_events`` count bytes."""
PERF_FLAG_FD_CLOEXEC = 1 << 3

PERF_RECORD_LOST = 2
PERF_RECORD_SAMPLE = 9


class perf_event_ioc(IntEnum):
    """ioctl(2) requests for a perf event.

    Bits of a request: direction (30-31), size of the argument (16-29), '$' (8-15), number (0-7).
    """

    PERF_EVENT_IOC_ENABLE = 0x2400
    PERF_EVENT_IOC_DISABLE = 0x2401
    PERF_EVENT_IOC_SET_OUTPUT = 0x2405
    PERF_EVENT_IOC_ID = 0x80082407
    PERF_EVENT_IOC_SET_BPF = 0x40042408
    PERF_EVENT_IOC_PAUSE_OUTPUT = 0x40042409


class PerfEventAttr(Structure):
    """struct perf_event_attr with PERF_ATTR_SIZE_VER8 (Linux 6.3), which is 136 bytes long.

    ``size`` is the size of the structure itself. An older kernel requires that all fields that it
    does not know are 0. Some fields have a second name in the kernel's header: for example,
    ``wakeup_events`` is called ``wakeup_watermark`` if the bit ``watermark`` is set. For the kprobe
    PMU, ``config1`` is called ``kprobe_func`` (the address of a name), and ``config2`` is called
    ``probe_offset``.
    """

    _fields_ = [
        ("type", c_uint32),
        ("size", c_uint32),
        ("config", c_uint64),
        ("sample_period", c_uint64),
        ("sample_type", c_uint64),
        ("read_format", c_uint64),
        ("flags", c_uint64),
        ("wakeup_events", c_uint32),
        ("bp_type", c_uint32),
        ("config1", c_uint64),
        ("config2", c_uint64),
        ("branch_sample_type", c_uint64),
        ("sample_regs_user", c_uint64),
        ("sample_stack_user", c_uint32),
        ("clockid", c_int32),
        ("sample_regs_intr", c_uint64),
        ("aux_watermark", c_uint32),
        ("sample_max_stack", c_uint16),
        ("__reserved_2", c_uint16),
        ("aux_sample_size", c_uint32),
        ("__reserved_3", c_uint32),
        ("sig_data", c_uint64),
        ("config3", c_uint64),
    ]


class PerfEventMmapPage(Structure):
    """The control page of a mapped event, of which rawbpf uses only the last eight words.

    The kernel writes ``data_head``, and the reader writes ``data_tail``. Both only grow.
    """

    _fields_ = [
        ("version", c_uint32),
        ("compat_version", c_uint32),
        ("lock", c_uint32),
        ("index", c_uint32),
        ("offset", c_int64),
        ("time_enabled", c_uint64),
        ("time_running", c_uint64),
        ("capabilities", c_uint64),
        ("pmc_width", c_uint16),
        ("time_shift", c_uint16),
        ("time_mult", c_uint32),
        ("time_offset", c_uint64),
        ("time_zero", c_uint64),
        ("size", c_uint32),
        ("__reserved_1", c_uint32),
        ("time_cycles", c_uint64),
        ("time_mask", c_uint64),
        ("__reserved", c_uint8 * 928),
        ("data_head", c_uint64),
        ("data_tail", c_uint64),
        ("data_offset", c_uint64),
        ("data_size", c_uint64),
        ("aux_head", c_uint64),
        ("aux_tail", c_uint64),
        ("aux_offset", c_uint64),
        ("aux_size", c_uint64),
    ]
