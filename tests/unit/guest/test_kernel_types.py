import gzip

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import GuestError
from rawbpf.guest.kernels.types import types_in_image


def btf(*names):
    builder = BtfBuilder()
    for name in names:
        builder.add_int(name, 4)
    return builder.encode()


@pytest.fixture
def vmlinuz(tmp_path):
    path = tmp_path / "vmlinuz"

    def write(data):
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_largest_btf_is_that_of_the_kernel(vmlinuz, pack):
    small, large = btf("int"), btf("int", "long", "u32")
    image = vmlinuz(pack(b"MZ" + bytes(64) + small + b"code" + large + small[:20]))
    assert types_in_image(image) == large
    assert Btf.from_bytes(types_in_image(image)).find("long")


@pytest.mark.parametrize(
    "data",
    [b"", b"MZ", btf("int")[:-1], b"\x1f\x8b", b"\x1f\x8b rubbish", gzip.compress(b"x")[:-4]],
    ids=["empty", "short", "cut BTF", "magic", "no gzip", "cut gzip"],
)
def test_an_image_without_btf(vmlinuz, data):
    with pytest.raises(GuestError, match=r"vmlinuz"):
        types_in_image(vmlinuz(data))
