"""Kprobe outside of its ``with`` block."""

import pytest

from rawbpf.errors import ClosedError
from rawbpf.tracing.kprobe import Kprobe


def test_a_probe_that_is_not_open_says_so():
    probe = Kprobe("do_exit")
    for use in (probe.detach, probe.stop, lambda: probe.ledger):
        with pytest.raises(
            ClosedError, match="the probe of do_exit is not open; use the object in a `with` block"
        ):
            use()


def test_repr_names_the_probe_and_its_state():
    assert repr(Kprobe("vfs_read")) == "<Kprobe kprobe vfs_read: not attached>"
    assert repr(Kprobe("vfs_read", retprobe=True)) == "<Kprobe kretprobe vfs_read: not attached>"
