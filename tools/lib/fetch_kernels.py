"""Download kernels for guests from Debian into the user's cache.

Usage:
  fetch-kernel [<kernel>...]
  fetch-kernel (-h | --help)

KERNEL is a suite (bullseye, bookworm, trixie, sid) or a version (6.12). The default is all four
suites. Cached kernels are not downloaded again, unless the suite has a newer kernel. The command
does not need root and does not install anything.

Options:
  -h, --help  Show this help.
"""

from __future__ import annotations

import sys

from docopt import docopt

from rawbpf.errors import RawbpfError
from rawbpf.guest.kernels.choice import SUITES, cached
from rawbpf.guest.kernels.debian import fetch


def main() -> int:
    arguments = docopt(__doc__)
    failed = 0
    for wanted in arguments["<kernel>"] or SUITES:
        try:
            fetch(wanted, lambda message: print(f"fetch-kernel: {message}", file=sys.stderr))
        except RawbpfError as error:
            print(f"fetch-kernel: {error}", file=sys.stderr)
            failed = 1
    for kernel in cached():
        print(f"{kernel.suite:<10} {kernel.release:<32} {kernel.vmlinuz}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
