"""What the kernel still holds."""

import time
from pathlib import Path

from rawbpf.syscall.bpf_object import next_id
from rawbpf.uapi.bpf import bpf_cmd

KPROBES = Path("/sys/kernel/debug/kprobes/list")


def ids(command: bpf_cmd) -> set[object]:
    found, one = set(), next_id(command, 0)
    while one is not None:
        found.add(one)
        one = next_id(command, one)
    return found


def held() -> dict[str, set[object]]:
    """Ids of all programs and maps, and the armed probes."""
    return {
        "programs": ids(bpf_cmd.BPF_PROG_GET_NEXT_ID),
        "maps": ids(bpf_cmd.BPF_MAP_GET_NEXT_ID),
        "probes": set(KPROBES.read_text().splitlines()),
    }


def settles_to(before: dict[str, set[object]], seconds: float = 10) -> bool:
    """Whether soon nothing is there that was not before.

    Objects go when a grace period has passed, not at once; nor need all that was there before stay,
    for an earlier test's may have been about to go. Ids are not given twice.
    """
    deadline = time.monotonic() + seconds
    while any(now - before[kind] for kind, now in held().items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
