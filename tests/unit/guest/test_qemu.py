"""QEMU's command line and its process."""

from itertools import pairwise
from pathlib import Path

import pytest

from rawbpf.arch import ARCHITECTURES
from rawbpf.errors import GuestError
from rawbpf.guest import qemu

HANDED = qemu._Handed(initramfs=3, memory=4, console=5, line=6)


@pytest.fixture(params=ARCHITECTURES)
def machine(request, monkeypatch):
    monkeypatch.setattr("os.uname", lambda: type("Names", (), {"machine": request.param}))
    return request.param


def after(words, option):
    return [word for name, word in pairwise(words) if name == option]


def test_each_architecture_has_a_console_and_a_second_serial_line(machine):
    words = qemu.command_line(qemu.Machine(Path("vmlinuz"), accel="tcg"), HANDED)
    console = {"x86_64": "console=ttyS0", "aarch64": "console=ttyAMA0"}[machine]
    assert console in after(words, "-append")[0].split()
    assert after(words, "-chardev") == ["socket,id=console,fd=5", "socket,id=line,fd=6"]
    assert after(words, "-serial")[0] == "chardev:console"
    assert sum("line" in word for word in words) == 2


@pytest.mark.usefixtures("machine")
def test_kvm_uses_the_processor_of_the_host():
    words = qemu.command_line(qemu.Machine(Path("vmlinuz"), accel="kvm"), HANDED)
    assert after(words, "-cpu") == ["host"]
    assert after(words, "-accel") == ["kvm"]


def test_missing_qemu_names_the_package(machine, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    package = {"x86_64": "apt install qemu-system-x86,", "aarch64": "apt install qemu-system-arm,"}
    with pytest.raises(GuestError) as caught:
        qemu.find()
    assert package[machine] in caught.value.fix


def test_ctrl_c_while_qemu_starts(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(qemu, "find", lambda _: "qemu")
    monkeypatch.setattr(qemu.subprocess, "Popen", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        qemu.running(qemu.Machine(Path("vmlinuz"), accel="tcg"), 0),
    ):
        pass
