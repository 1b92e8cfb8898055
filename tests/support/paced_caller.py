"""Make system calls at a steady rate.

    python paced_caller.py RATE SECONDS

The process prints "ready" and waits for a line on stdin. Then it calls getppid(2) RATE times per
second, evenly spread over slices of 10 ms, prints the number of calls, and waits for the end of
stdin.
"""

import os
import sys
import time

SLICE = 0.01


def main() -> None:
    rate, seconds = int(sys.argv[1]), float(sys.argv[2])
    getppid, made = os.getppid, 0
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        for _ in range(int(passed * rate) - made):
            getppid()
            made += 1
        time.sleep(SLICE)
    print(made, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
