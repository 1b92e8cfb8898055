"""Make a given number of system calls on given CPUs.

    python caller.py COUNT CPU [CPU ...]

The process prints "ready" and waits for lines on stdin. For each line, it pins itself to each CPU
in turn, calls getppid(2) COUNT times there, and prints "done".
"""

import os
import sys


def main() -> None:
    count, cpus = int(sys.argv[1]), [int(word) for word in sys.argv[2:]]
    getppid = os.getppid
    print("ready", flush=True)
    for _ in iter(sys.stdin.readline, ""):
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            for _ in range(count):
                getppid()
        print("done", flush=True)


if __name__ == "__main__":
    main()
