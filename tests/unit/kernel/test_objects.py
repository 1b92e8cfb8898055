"""Pins, IDs and holders, with files of /proc and on simulated kernels."""

import errno
import os

import pytest

from rawbpf.errors import KernelError
from rawbpf.kernel.file_systems import bpffs_mounts
from rawbpf.kernel.objects import Holder, fd_facts, holders, kind_of, open_all
from rawbpf.kernel.pins import open_pinned, pin
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
34 22 0:30 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700
35 22 0:31 / /run/with\\040space rw - bpf none rw
damaged
"""
LINK = "link_type:\txdp\nlink_id:\t2\nprog_id:\t5"


@pytest.fixture
def machine(tmp_path):
    """A /proc with two processes that have objects open."""
    for pid, comm, opened in (
        (7, "tool", {"3": ("bpf-map", "map_id:\t12"), "4": ("bpf-prog", "prog_id:\t5")}),
        (
            9,
            "other",
            {"3": ("bpf-map", "map_id:\t12"), "8": ("bpf_link", "link_id:\t2\nprog_id:\t5")},
        ),
    ):
        folder = tmp_path / "proc" / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "fdinfo").mkdir()
        (folder / "comm").write_text(comm + "\n")
        (folder / "fd" / "0").symlink_to("/dev/null")
        for number, (what, facts) in opened.items():
            (folder / "fd" / number).symlink_to(f"anon_inode:{what}")
            (folder / "fdinfo" / number).write_text(f"pos:\t0\n{facts}\nmemlock:\t4096\n")
    (tmp_path / "proc" / "self").mkdir()
    (tmp_path / "proc" / "self" / "mountinfo").write_text(MOUNTS)
    return tmp_path


def test_holders(machine):
    tool, other = Holder(7, "tool"), Holder(9, "other")
    assert holders("map", machine) == {12: [tool, other]}
    assert holders("prog", machine) == {5: [tool]}
    assert holders("link", machine) == {2: [other]}


def test_fdinfo(machine):
    assert fd_facts(7, 3, machine) == {"pos": "0", "map_id": "12", "memlock": "4096"}
    assert fd_facts(7, 99, machine) == {}


def test_mounts_of_the_bpf_file_system(machine):
    assert bpffs_mounts(machine) == {"0:30": "/sys/fs/bpf", "0:31": "/run/with\\040space"}


def test_a_file_is_not_an_object(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with path.open() as file:
        assert kind_of(f"/proc/self/fd/{file.fileno()}") is None
    for number in (errno.EACCES, errno.EPERM):
        with (
            replaced(FakeKernel(BPF_OBJ_GET=[-number])),
            pytest.raises(KernelError, match="not on a BPF file system") as caught,
        ):
            open_pinned(path, "map")
        assert caught.value.errno == number


def test_pinning_in_a_missing_folder(tmp_path):
    path = tmp_path / "none" / "x"
    with (
        replaced(FakeKernel(BPF_OBJ_PIN=[-errno.ENOENT])),
        pytest.raises(
            KernelError, match=f"cannot pin map 'm' at {path}: {path.parent} does not exist"
        ),
    ):
        pin(3, path, "map 'm'")


def test_objects_freed_during_a_listing_are_skipped():
    """IDs 1 and 2, of which the first is gone when it is opened."""
    kernel = FakeKernel(
        BPF_MAP_GET_NEXT_ID=[next_id(1), next_id(2), -errno.ENOENT],
        BPF_MAP_GET_FD_BY_ID=[-errno.ENOENT, 1000],
    )
    with replaced(kernel):
        found = [(number, fd.fileno(), fd.close()) for number, fd in open_all("map")]
    assert found == [(2, 1000, None)]


def next_id(number):
    from rawbpf.uapi.bpf_attr import BpfAttrObjId

    def answer(_cmd, address, _size):
        BpfAttrObjId.from_address(address).next_id = number
        return 0

    return answer


def test_listing_is_denied(monkeypatch):
    monkeypatch.setattr("rawbpf.kernel.objects.missing_capabilities", list)
    with (
        replaced(FakeKernel(BPF_LINK_GET_NEXT_ID=[-errno.EPERM])),
        pytest.raises(
            KernelError, match="cannot list links: opening objects by ID requires CAP_SYS_ADMIN"
        ),
    ):
        list(open_all("link"))


def test_descriptors_of_this_process():
    fd = os.open("/dev/null", os.O_RDONLY)
    try:
        assert "pos" in fd_facts("self", fd)
    finally:
        os.close(fd)
