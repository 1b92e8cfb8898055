"""Run a command in a disposable QEMU guest, for machines that do not support tracing.

    runner.py     │ from a command line to its exit status; start reading here
    command.py    │ what a command line means in the guest, and which files it needs
    image/        │ the guest's root file system, made of this Python and its packages
    kernels/      │ kernels to boot, from the cache and from Debian
    accel.py      │ KVM where it works, else emulation
    qemu.py       │ QEMU's command line and process
    session.py    │ one run, on the host: streams, signals, time limits
    received.py   │ checks of what the guest sends
    inside/       │ PID 1 and the workload: what runs in the guest
    wire/         │ the protocol between host and guest: frames, shared memory, archives

This package imports nothing but rawbpf.errors, rawbpf.arch, rawbpf.user_cache and the standard
library.
"""
