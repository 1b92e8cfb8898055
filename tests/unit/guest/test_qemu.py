"""QEMU as a process."""

from pathlib import Path

import pytest

from rawbpf.guest import qemu


def test_ctrl_c_while_qemu_starts(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(qemu, "find", lambda: "qemu")
    monkeypatch.setattr(qemu.subprocess, "Popen", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        qemu.running(qemu.Machine(Path("vmlinuz"), accel="tcg"), 0),
    ):
        pass
