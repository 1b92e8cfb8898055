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
