"""Scripts of sessions that the golden recording does not cover."""

import errno
import os

import pytest

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.script.expressions import FdNames
from rawbpf.narration.script.writer import script
from rawbpf.syscall import bpf, bpf_object
from rawbpf.syscall.bpf_link import link_create
from rawbpf.syscall.capset import without_capabilities
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
from tests.support.fake_kernel import FakeKernel

KIND = bpf_attach_type.BPF_CGROUP_INET_INGRESS
ARRAY = bpf_map_type.BPF_MAP_TYPE_ARRAY


def create(name=b"at"):
    attr = BpfAttrMapCreate(map_type=ARRAY, key_size=4, value_size=8, max_entries=2, map_name=name)
    return bpf.map_create(attr)


def recording(make, **answers):
    with replaced(FakeKernel(**answers)), recorded() as calls:
        make()
    return calls


def test_duplicate_names_get_numbers():
    def make():
        with create(), create():
            pass

    text = script(recording(make, BPF_MAP_CREATE=[70, 71]), "none")
    made = "bpf(0, '=7I16s', 2, 4, 8, 2, 0, 0, 0, b'at')  # BPF_MAP_CREATE"
    assert f"\nat_2 = {made}\nat_3 = {made}\ncall(3, at_3)  # close(2)\ncall(3, at_2)" in text
    assert text.count("# BPF_MAP_CREATE: map_type, key_size, value_size, max_entries,") == 1
    assert "mmap" not in text
    assert "RINGS" not in text


@pytest.mark.parametrize("name", ["bytes", "RINGS", "LIBC", "perf_ring", "len", "for"])
def test_descriptors_do_not_shadow_names_that_the_script_needs(name):
    text = script(recording(lambda: create(name.encode()).close(), BPF_MAP_CREATE=[70]), "none")
    own = {
        name for name in compile(text, "script", "exec").co_names if name.endswith(("_2", "for"))
    }
    assert own == {f"{name}_2" if name != "for" else "_for"}


@pytest.mark.parametrize("kind", ["link", "kprobe", "kretprobe", "uprobe", "uretprobe"])
def test_links_and_probes_are_named_after_their_kind(kind):
    assert FdNames().give(70, f"{kind}:/bin/bash+0x10") == kind
    assert FdNames().give(70, "map:hits") == "hits"


def test_hex_is_wrapped_between_groups_of_eight_bytes():
    def make():
        bpf_object.btf_load(bytes(range(100))).close()

    text = script(recording(make, BPF_BTF_LOAD=[70]), "none")
    rows = [line.strip(' "') for line in text.splitlines() if line.startswith('    "')]
    assert rows[1] == (
        "0001020304050607 08090a0b0c0d0e0f 1011121314151617 18191a1b1c1d1e1f 2021222324252627"
    )
    assert rows[-1] == "5051525354555657 58595a5b5c5d5e5f 60616263"
    assert bytes.fromhex(" ".join(rows[1:])) == bytes(range(100))


def test_an_invalid_descriptor_stays_a_number():
    def make():
        with pytest.raises(KernelError):
            bpf.link_create_perf_event(12345, 0xFFFFFFFF)

    text = script(recording(make, BPF_LINK_CREATE=[-errno.EBADF]), "none")
    assert "bpf(28, '=3I12x', 12345, 4294967295, 41, fine=False)" in text


def test_changes_of_capabilities_are_left_out():
    def make():
        with without_capabilities(["CAP_BPF"]):
            create().close()

    text = script(recording(make, capget=[0], capset=[0], BPF_MAP_CREATE=[70]), "none")
    assert text.endswith("# BPF_MAP_CREATE\ncall(3, at_2)  # close(2)\n")


def test_a_descriptor_that_no_call_created_is_an_error():
    folder = os.open("/", os.O_RDONLY)
    try:
        calls = recording(
            lambda: link_create(12345, folder, KIND, "x").close(), BPF_LINK_CREATE=[70]
        )
    finally:
        os.close(folder)
    with pytest.raises(
        UnsupportedError, match=f"descriptor {folder} was not created by a recorded call"
    ):
        script(calls, "none")
