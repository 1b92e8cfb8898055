"""The same command in a throwaway QEMU guest, for machines that cannot trace.

    runner.py      the way from a command line to its exit status; start reading here
    command.py     what the words mean in the guest, and which files they need
    image/         the guest's root file system, made of this very interpreter and its packages
    kernels/       kernels to boot: the cache, and Debian's packages
    accel.py       KVM where it has proven to work, else emulation
    qemu.py        the machine: processors, memory, two serial lines, shared memory
    session.py     one run on the host, around poll(2): frames, streams, signals, time
    inside/        PID 1 and the workload: what runs in the guest
    wire/          what both ends agree on: frames, the shared memory, archives

This package imports only rawbpf.errors, rawbpf.arch, the standard library and platformdirs.
"""
