"""An old kernel is refused before anything else is asked of it."""

import pytest

from rawbpf.errors import UnsupportedError
from rawbpf.kernel.version import require_kernel


def test_a_kernel_that_is_too_old(tmp_path):
    folder = tmp_path / "proc/sys/kernel"
    folder.mkdir(parents=True)
    (folder / "osrelease").write_text("5.4.0-216-generic\n")
    with pytest.raises(UnsupportedError, match=r"too old: Linux 5\.4\.0.*came with 5\.8"):
        require_kernel(tmp_path)
    (folder / "osrelease").write_text("5.8.0\n")
    require_kernel(tmp_path)
