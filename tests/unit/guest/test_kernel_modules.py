import gzip
import lzma
import struct

import pytest

from rawbpf.errors import GuestError, UsageError
from rawbpf.guest.kernels.choice import Kernel
from rawbpf.guest.kernels.modules import modules_for

NAMES = b"\0.modinfo\0.shstrtab\0"


def module(*needs):
    """An object file with a .modinfo section after some other bytes."""
    info = b"license=GPL\0depends=%s\0vermagic=6.1\0" % ",".join(needs).encode()
    body = info + NAMES
    table = b"".join(
        struct.pack("<IIQQQQIIQQ", name, 1, 0, 0, 64 + offset, size, 0, 0, 1, 0)
        for name, offset, size in [(0, 0, 0), (1, 0, len(info)), (10, len(info), len(NAMES))]
    )
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, 3, 2)
    return head + body + table


@pytest.fixture
def kernel(tmp_path):
    folder = tmp_path / "modules" / "kernel" / "net"
    folder.mkdir(parents=True)
    builtin = tmp_path / "modules" / "modules.builtin"
    builtin.write_text("kernel/lib/libcrc32c.ko\nkernel/net/nf-log.ko\n")
    (folder / "nf_conntrack.ko").write_bytes(module("nf_defrag", "libcrc32c"))
    (folder / "nf_defrag.ko.xz").write_bytes(lzma.compress(module()))
    (folder / "nf-nat.ko.gz").write_bytes(gzip.compress(module("nf_conntrack", "nf_defrag")))
    (folder / "far.ko.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    (folder / "torn.ko.xz").write_bytes(lzma.compress(module())[:-20])
    return Kernel(tmp_path / "vmlinuz")


def names(kernel, *wanted):
    return [one.name for one in modules_for(kernel, wanted)]


def test_dependencies_are_loaded_first(kernel):
    assert names(kernel, "nf_nat") == ["nf_defrag", "nf_conntrack", "nf_nat"]


def test_modules_are_decompressed_and_not_repeated(kernel):
    loaded = modules_for(kernel, ["nf-conntrack", "nf_nat", "nf_defrag"])
    assert [one.name for one in loaded] == ["nf_defrag", "nf_conntrack", "nf_nat"]
    assert all(one.data.startswith(b"\x7fELF") for one in loaded)


def test_built_in_modules_are_not_loaded(kernel):
    assert names(kernel, "libcrc32c", "nf_log") == []


def test_unknown_modules(kernel):
    with pytest.raises(UsageError, match=r"no module 'nf_contrack'; did you mean nf_conntrack"):
        names(kernel, "nf_contrack")


@pytest.mark.parametrize(("name", "why"), [("far", "cannot decompress"), ("torn", "ended before")])
def test_modules_that_cannot_be_decompressed(kernel, name, why):
    with pytest.raises(GuestError, match=why):
        names(kernel, name)


def test_a_kernel_without_modules(tmp_path):
    assert names(Kernel(tmp_path / "vmlinuz-0.0-absent")) == []
    with pytest.raises(GuestError, match="are not available"):
        names(Kernel(tmp_path / "vmlinuz-0.0-absent"), "dummy")
