"""Lesson 11: your own loader, from bytes to events, in 150 lines."""

import ctypes
import os
import sys
import time
from pathlib import Path

# hello.bpf.s, assembled. The instruction in slot 8 needs the map's descriptor.
PROGRAM = bytes.fromhex(
    "bf16000000000000 850000000e000000 7b0ae8ff00000000 bfa1000000000000 07010000f0ffffff "
    "b702000010000000 8500000010000000 bf61000000000000 1812000000000000 0000000000000000 "
    "18030000ffffffff 0000000000000000 bfa4000000000000 07040000e8ffffff b705000018000000 "
    "8500000019000000 b700000000000000 9500000000000000"
)
MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD, SET_BPF = 0, 2, 5, 0x40042408
CLOEXEC, READ_WRITE, SHARED = 8, 3, 1

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.argtypes, LIBC.syscall.restype = [ctypes.c_long] * 7, ctypes.c_long
ARM = os.uname().machine == "aarch64"
CALLS = "bpf", "perf_event_open", "ioctl", "mmap", "close"
NUMBERS = dict(zip(CALLS, (280, 241, 29, 222, 57) if ARM else (321, 298, 16, 9, 3), strict=True))
PAGE, CPUS, KEPT = os.sysconf("SC_PAGE_SIZE"), range(os.cpu_count() or 1), []


def enter(name: str, *words: int) -> int:
    """Call syscall(2) and return its result. Raises OSError if the call fails."""
    result = LIBC.syscall(NUMBERS[name], *words, *(0,) * (6 - len(words)))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return result


def attr(size: int, *fields: tuple[int, int, int]) -> bytes:
    """Return ``size`` zero bytes with these fields filled in: (offset, width, value)."""
    raw = bytearray(size)
    for offset, width, value in fields:
        raw[offset : offset + width] = value.to_bytes(width, sys.byteorder)
    return bytes(raw)


def map_attr(slots: int) -> bytes:
    """Return the attr of BPF_MAP_CREATE: a PERF_EVENT_ARRAY (type 4) with u32 keys and values."""
    return attr(16, (0, 4, 4), (4, 4, 4), (8, 4, 4), (12, 4, slots))


def relocated(code: bytes, descriptor: int) -> bytes:
    """Return the code, with ``descriptor`` as imm of each 64-bit load (0x18) whose src is 1."""
    done = bytearray(code)
    for at in range(0, len(code), 8):
        if code[at] == 0x18 and code[at + 1] >> 4 == 1:
            done[at + 4 : at + 8] = descriptor.to_bytes(4, sys.byteorder)
    return bytes(done)


def load_attr(code: int, slots: int, licence: int, log: int, room: int) -> bytes:
    """Return the attr of BPF_PROG_LOAD for a kprobe (type 2).

    The code, the licence and the log are given by their addresses."""
    program = (0, 4, 2), (4, 4, slots), (8, 8, code), (16, 8, licence)
    return attr(40, *program, (24, 4, 1), (28, 4, room), (32, 8, log))


def ring_attr() -> bytes:
    """Return the attr of a software event (type 1) for BPF output (config 10)."""
    return attr(64, (0, 4, 1), (4, 4, 64), (8, 8, 10), (16, 8, 1), (24, 8, 1 << 10), (48, 4, 1))


def probe_attr(pmu: int, name: int) -> bytes:
    """Return the attr of a kprobe on the function whose name is at address ``name``."""
    return attr(64, (0, 4, pmu), (4, 4, 64), (56, 8, name))


def samples(ring: memoryview) -> list[bytes]:
    """Return the data of each sample since the last call, and release its space in the ring."""
    control, data = ring[:PAGE].cast("Q"), ring[PAGE:]
    head, tail = control[128], control[129]
    records = bytes(data[tail % len(data) :][: head - tail])
    records += bytes(data[: head - tail - len(records)])
    control[129] = head
    found = []
    while records:
        kind, size = records[0], int.from_bytes(records[6:8], sys.byteorder)
        if kind == 9:  # PERF_RECORD_SAMPLE: skip the header and the u32 length
            found.append(records[12:size])
        records = records[size:]
    return found


def address(data: bytes, room: int = 0) -> int:
    """Return the address of a copy of ``data``. KEPT keeps the copy alive."""
    KEPT.append(ctypes.create_string_buffer(data, max(len(data), room)))
    return ctypes.addressof(KEPT[-1])


def load(code: bytes) -> int:
    """Load the program and return its descriptor, or exit with the log if it is rejected."""
    log = address(b"", 1 << 16)
    raw = load_attr(address(code), len(code) // 8, address(b"GPL\0"), log, 1 << 16)
    try:
        return enter("bpf", PROG_LOAD, address(raw), len(raw))
    except OSError as error:
        sys.exit(f"Failed to load: {error}\n{ctypes.string_at(log).decode()}")


def open_ring(cpu: int, events: int) -> memoryview:
    """Open a CPU's ring, store its event in the map, and return the ring."""
    event = enter("perf_event_open", address(ring_attr()), -1, cpu, -1, CLOEXEC)
    where = enter("mmap", 0, 9 * PAGE, READ_WRITE, SHARED, event, 0)
    key, value = address(attr(4, (0, 4, cpu))), address(attr(4, (0, 4, event)))
    element = attr(32, (0, 4, events), (8, 8, key), (16, 8, value))
    enter("bpf", MAP_UPDATE_ELEM, address(element), len(element))
    return memoryview((ctypes.c_char * (9 * PAGE)).from_address(where)).cast("B")


def attach(program: int, function: str) -> int:
    """Attach the program to a function, and return the probe's descriptor."""
    pmu = int(Path("/sys/bus/event_source/devices/kprobe/type").read_text())
    raw = probe_attr(pmu, address(function.encode() + b"\0"))
    probe = enter("perf_event_open", address(raw), -1, 0, -1, CLOEXEC)
    enter("ioctl", probe, SET_BPF, program)
    return probe


def show(found: list[bytes]) -> None:
    """Print a line for each sample {u64 pid_tgid; char comm[16]}."""
    for sample in found:
        comm = sample[8:24].partition(b"\0")[0].decode(errors="backslashreplace")
        print(f"pid {int.from_bytes(sample[4:8], sys.byteorder)} {comm!r}", flush=True)


def main(function: str, seconds: float) -> None:
    """Load the program, attach it, and print its events until the time is up."""
    raw = map_attr(len(CPUS))
    events = enter("bpf", MAP_CREATE, address(raw), len(raw))
    program = load(relocated(PROGRAM, events))
    rings = [open_ring(cpu, events) for cpu in CPUS]
    try:
        probe = attach(program, function)
    except OSError as error:
        sys.exit(f"Cannot probe {function}: {error.strerror}")
    for _ in range(round(seconds * 20)):
        time.sleep(1 / 20)
        show([one for ring in rings for one in samples(ring)])
    enter("close", probe)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
