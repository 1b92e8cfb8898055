"""A process that makes exactly as many system calls as it is told, on the CPUs it is told.

    python caller.py COUNT CPU [CPU ...]

It says "ready", waits for a line on stdin, pins itself to each CPU in turn and calls getppid(2)
COUNT times there; says "done", and waits for its stdin to end.
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
