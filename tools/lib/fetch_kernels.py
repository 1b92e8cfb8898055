"""Download kernels for guests from Debian into the user's cache.

Usage:
  fetch-kernel [--arch=<name>] [<kernel>...]
  fetch-kernel (-h | --help)

KERNEL is a suite (bullseye, bookworm, trixie, sid) or a version (6.12). The default is all four
suites. Cached kernels are not downloaded again, unless the suite has a newer kernel. The command
does not need root and does not install anything.

With --arch for another architecture than this machine's, Python for such guests is downloaded too.

Options:
  --arch=<name>  x86-64 or arm64; the default is this machine's architecture.
  -h, --help     Show this help.
"""

from __future__ import annotations

import sys

from docopt import docopt

from rawbpf.arch import named, native
from rawbpf.errors import RawbpfError
from rawbpf.guest.kernels.choice import SUITES, cached
from rawbpf.guest.kernels.debian import fetch
from rawbpf.guest.runner import python_for


def say(message: str) -> None:
    print(f"fetch-kernel: {message}", file=sys.stderr)


def main() -> int:
    arguments = docopt(__doc__)
    failed = 0
    try:
        arch = named(arguments["--arch"]) if arguments["--arch"] else native()
        python_for(arch, say)
    except RawbpfError as error:
        say(str(error))
        return 1
    for wanted in arguments["<kernel>"] or SUITES:
        try:
            fetch(wanted, say, arch)
        except RawbpfError as error:
            say(str(error))
            failed = 1
    for kernel in cached(arch):
        print(f"{kernel.suite:<10} {kernel.release:<32} {kernel.vmlinuz}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
