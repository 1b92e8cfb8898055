import os

import pytest

from rawbpf.arch import ARCHITECTURES, native
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import accel


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with a working /dev/kvm, QEMU, and an empty cache."""
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(accel, "_KVM", str(tmp_path / "kvm"))
    program = tmp_path / "qemu-system-x86_64"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def hangs():
    raise GuestError("the guest was stopped", why="the guest did not boot within 8 s")


def never():
    pytest.fail("tried again")


def test_other_architectures_are_emulated():
    other = next(arch for arch in ARCHITECTURES.values() if arch is not native())
    assert accel.choose("auto", never, other) == accel.choose("tcg", never, other) == "tcg"
    with pytest.raises(GuestError, match=f"KVM on this machine runs only {native().name} guests"):
        accel.choose("kvm", never, other)
    assert accel.remembered() is None


def test_kvm_is_tried_only_once_if_it_works():
    assert accel.remembered() is None
    assert accel.choose("auto", lambda: None) == "kvm"
    assert accel.choose("auto", never) == "kvm"
    assert accel.remembered() == "works"


def test_kvm_is_tried_only_once_if_it_hangs():
    assert accel.choose("auto", hangs) == "tcg"
    assert accel.choose("auto", never) == "tcg"
    assert accel.remembered() == "the guest did not boot within 8 s"


def test_kvm_is_tried_again_with_another_qemu(machine):
    accel.choose("auto", hangs)
    (machine / "qemu-system-x86_64").write_text("#!/bin/sh\n# newer\n")
    assert accel.choose("auto", lambda: None) == "kvm"


def test_an_interrupted_trial_is_not_cached():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accel.choose("auto", interrupted)
    assert accel.remembered() is None


def test_an_explicit_accelerator_is_not_tried():
    assert accel.choose("tcg", never) == "tcg"
    assert accel.choose("kvm", never) == "kvm"


def test_no_kvm_without_its_device(machine):
    (machine / "kvm").unlink()
    assert accel.choose("auto", never) == "tcg"
    with pytest.raises(GuestError, match="cannot be opened"):
        accel.choose("kvm", never)


def test_unknown_accelerators_are_rejected():
    with pytest.raises(UsageError, match="'hvf'"):
        accel.choose("hvf", never)
