"""Make a given number of system calls on given CPUs.

    python caller.py COUNT CPU [CPU ...]

The process prints "ready" and waits for a line on stdin. Then it pins itself to each CPU in turn
and calls getppid(2) COUNT times there. It prints "done", and waits for the end of stdin.
"""

import os
import sys


def main() -> None:
    count, cpus = int(sys.argv[1]), [int(word) for word in sys.argv[2:]]
    getppid = os.getppid
    print("ready", flush=True)
    sys.stdin.readline()
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        for _ in range(count):
            getppid()
    print("done", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
