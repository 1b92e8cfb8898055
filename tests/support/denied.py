"""Run code in a child process, because privileges that it gives up cannot be regained."""

import ctypes
import os
import struct
from pathlib import Path

CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWTIME = 0x80
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
# classic BPF; offset 0 of seccomp_data is the system call number
_LOAD_NR, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def in_child(work):
    """Call ``work`` in a forked child, and return the string that it returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, work().encode())
        except Exception as error:  # noqa: BLE001 -- the parent shows it
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def leave_user_namespace():
    """Enter a new user namespace."""
    assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) == 0, ctypes.get_errno()


def in_pid_namespace(work, depth=1):
    """Call ``work`` as process 1 of a new PID namespace, nested ``depth`` times."""

    def nest():
        assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWPID) == 0, ctypes.get_errno()
        return in_pid_namespace(work, depth - 1)

    return in_child(nest) if depth else in_child(work)


def in_time_namespace(work, seconds):
    """Call ``work`` in a child whose monotonic and boot clocks are ahead by ``seconds``."""

    def enter():
        assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWTIME) == 0, ctypes.get_errno()
        offsets = f"monotonic {seconds} 500000000\nboottime {seconds} 500000000\n"
        Path("/proc/self/timens_offsets").write_text(offsets)
        return in_child(work)

    return in_child(enter)


def deny_by_seccomp(number, errno):
    """Install a seccomp filter that makes a system call fail with ``errno``."""
    rows = [(_LOAD_NR, 0, 0, 0), (_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno),
            (_RETURN, 0, 0, _ALLOW)]  # fmt: skip
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *row) for row in rows))
    program = struct.pack("<HxxxxxxQ", len(rows), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program) == 0, ctypes.get_errno()
