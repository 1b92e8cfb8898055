"""Run many cases in a process with limits: 1 s of CPU and 200 MB for each case."""

import resource
import signal
import sys
from pathlib import Path

SECONDS, MEMORY = 1, 200 << 20


def _too_long(_signal, _frame):
    raise AssertionError(f"more than {SECONDS} s of CPU")


def run_bounded(cases, question):
    """Call ``question`` with each case (name, data), and return their number.

    The first case that fails or exceeds a limit ends the process. Call ``question`` once
    beforehand, so that its imports do not count.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGVTALRM, _too_long)
    count = 0
    for name, data in cases:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            question(data)
        except BaseException:
            print(name, file=sys.stderr)
            raise
        count += 1
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return count
