"""A second of CPU and 200 MB for each of many cases, in a process of their own."""

import resource
import signal
import sys
from pathlib import Path

SECONDS, MEMORY = 1, 200 << 20


def _too_long(_signal, _frame):
    raise AssertionError(f"more than {SECONDS} s of CPU")


def run_bounded(cases, question):
    """Ask each case, (name, data), the question. The first that goes wrong ends the process.

    Call it once by yourself before: what is imported then does not count. Returns how many.
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
