"""Objects of other projects are relocated as by libbpf, for each kernel."""

from pathlib import Path

import pytest

from rawbpf.elf.object import open_object
from tests.support import libbpf
from tests.support.kernel_btf import KERNELS
from tests.support.packaged import files, objects
from tests.support.relocated import check_relocated

PACKAGES = ("libbpf-tools", "xdp-tools", "libxdp1", "ir-keytable")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the objects with CO-RE records, each in a file."""
    folder = tmp_path_factory.mktemp("objects")
    paths = []
    for path in (path for package in PACKAGES for path in files(package).values()):
        for number, data in enumerate(objects(path)):
            programs = open_object(data).programs.values()
            if not path.is_symlink() and any(one.code.relocations for one in programs):
                paths.append(folder / f"{path.name}.{number}.o")
                paths[-1].write_bytes(data)
    assert len(paths) > 50
    return paths


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    return libbpf.compile_loader(tmp_path_factory.mktemp("libbpf"))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda one: Path(one).name)
def test_relocated_as_libbpf_does(found, loader, kernel):
    for path in found:
        check_relocated(loader, path, Path(kernel))
