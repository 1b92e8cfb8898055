import os

import pytest

from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import accel


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with a /dev/kvm that opens, a QEMU, and an empty cache."""
    monkeypatch.setenv("RAWBPF_CACHE", str(tmp_path / "cache"))
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(accel, "_KVM", str(tmp_path / "kvm"))
    program = tmp_path / "qemu-system-x86_64"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def hangs():
    raise GuestError("the guest was stopped", why="it did not start within 8 s")


def never():
    pytest.fail("proven again")


def test_kvm_that_works_is_proven_once():
    assert accel.remembered() is None
    assert accel.choose("auto", lambda: None) == "kvm"
    assert accel.choose("auto", never) == "kvm"
    assert accel.remembered() == "works"


def test_kvm_that_hangs_is_tried_once():
    assert accel.choose("auto", hangs) == "tcg"
    assert accel.choose("auto", never) == "tcg"
    assert accel.remembered() == "it did not start within 8 s"


def test_another_qemu_is_tried_again(machine):
    accel.choose("auto", hangs)
    (machine / "qemu-system-x86_64").write_text("#!/bin/sh\n# newer\n")
    assert accel.choose("auto", lambda: None) == "kvm"


def test_an_interrupted_proof_is_no_answer():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accel.choose("auto", interrupted)
    assert accel.remembered() is None


def test_what_is_asked_for_is_not_proven():
    assert accel.choose("tcg", never) == "tcg"
    assert accel.choose("kvm", never) == "kvm"


def test_without_a_device_there_is_no_kvm(machine):
    (machine / "kvm").unlink()
    assert accel.choose("auto", never) == "tcg"
    with pytest.raises(GuestError, match="cannot be opened"):
        accel.choose("kvm", never)


def test_other_words_are_refused():
    with pytest.raises(UsageError, match="'hvf'"):
        accel.choose("hvf", never)
