"""Find out which BPF objects and probes the kernel still holds."""

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
    """Return the IDs of all programs, maps and links, and the armed probes."""
    return {
        "programs": ids(bpf_cmd.BPF_PROG_GET_NEXT_ID),
        "maps": ids(bpf_cmd.BPF_MAP_GET_NEXT_ID),
        "links": ids(bpf_cmd.BPF_LINK_GET_NEXT_ID),
        "probes": set(KPROBES.read_text().splitlines()),
    }


def settles_to(before: dict[str, set[object]], seconds: float = 10) -> bool:
    """Return whether everything that is not in ``before`` disappears within ``seconds``.

    The kernel frees objects after an RCU grace period. Objects in ``before`` may disappear too,
    because an earlier test may have closed them. IDs are not reused.
    """
    deadline = time.monotonic() + seconds
    while any(now - before[kind] for kind, now in held().items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
