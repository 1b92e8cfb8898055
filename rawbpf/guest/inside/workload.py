"""The default workload, a small constant load that ensures that there is something to trace.

Five times a second, the workload opens, writes, reads and removes a file, forks a process and waits
for it, and sends a message over a loopback connection. It prints nothing.
"""

from __future__ import annotations

import os
import socket
import time

__all__ = ["DESCRIPTION", "main"]

DESCRIPTION = "opens, reads and writes a file, forks, and connects on loopback, five times a second"

_PAUSE = 0.2


def main() -> None:
    """Run until killed."""
    listener = socket.create_server(("127.0.0.1", 0))
    while True:
        _use_a_file(f"/tmp/workload-{os.getpid()}")
        _fork_once()
        _connect(listener)
        time.sleep(_PAUSE)


def _use_a_file(path: str) -> None:
    with open(path, "w+b", buffering=0) as file:
        file.write(b"something to see\n")
        file.seek(0)
        file.read()
    os.unlink(path)


def _fork_once() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _connect(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"ping")
            server.recv(4)


if __name__ == "__main__":
    main()
