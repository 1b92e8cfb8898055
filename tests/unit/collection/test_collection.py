"""Collections: steps in the wrong order, unknown names, and targets that sections do not name."""

import errno
from collections import deque

import pytest

from rawbpf.collection.collection import Collection
from rawbpf.elf.object import open_object
from rawbpf.elf.write import encode_object
from rawbpf.errors import AttachError, RawbpfError, UnknownNameError, UsageError
from rawbpf.source.assembler import assemble
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.fake_kernel import FakeKernel

TEXT = """
.map counts, hash, key=u32, value=u64, entries=4
.license "GPL"
.program first, "xdp"
r1 = counts ll
r0 = 2
exit
.program second, "xdp"
r0 = 2
exit
"""
BTF, COUNTS, FIRST, SECOND, LINK, OTHER_LINK = range(70, 76)


@pytest.fixture
def kernel():
    fake = FakeKernel(
        BPF_BTF_LOAD=[BTF],
        BPF_MAP_CREATE=[COUNTS],
        BPF_PROG_LOAD=[FIRST, SECOND],
        BPF_LINK_CREATE=[LINK, OTHER_LINK],
    )
    with replaced(fake):
        yield fake


@pytest.fixture
def obj(kernel):  # noqa: ARG001 -- it answers
    with Collection(open_object(encode_object(assemble(TEXT, "two.s")))) as one:
        yield one


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ("xdp-prog1", r'did you mean SEC\("xdp"\)\?'),
        ("Kprobe/vfs_read", r'did you mean SEC\("kprobe/vfs_read"\)\?'),
        ("mine", "docs/reference/sections.md lists all of them"),
    ],
)
def test_a_program_in_an_unknown_section_is_not_sent_to_the_kernel(obj, kernel, section, hint):
    first = obj.spec.programs["first"]._replace(
        section=section, prog_type=bpf_prog_type.BPF_PROG_TYPE_UNSPEC
    )
    obj.spec = obj.spec._replace(programs={**obj.spec.programs, "first": first})
    with pytest.raises(
        UsageError, match=f"no program type is known for section '{section}'.*{hint}"
    ):
        obj.load()
    assert not kernel.calls
    obj.keep(["second"])
    obj.load()


RINGS = """
.map small, ringbuf, entries=4096
.map large, ringbuf, entries=1 << 24
.map counts, hash, key=u32, value=u64, entries=4
.program first, "xdp"
r0 = 2
exit
"""


def test_ring_buffers_can_be_enlarged_before_loading():
    obj = Collection(assemble(RINGS))
    pinned = obj.spec.maps["small"]._replace(name="shared", pinned=True)
    obj.spec = obj.spec._replace(maps={**obj.spec.maps, "shared": pinned})
    obj.enlarge_rings(1 << 20)
    sizes = {name: one.max_entries for name, one in obj.spec.maps.items()}
    assert sizes == {"small": 1 << 20, "large": 1 << 24, "counts": 4, "shared": 4096}


def test_maps_and_programs_need_load_first(obj):
    with pytest.raises(UnknownNameError, match=r"no map 'counts': .* call load"):
        obj.maps["counts"]
    with pytest.raises(UsageError, match="the object is not loaded"):
        obj.attach()
    assert repr(obj) == "<Collection first second: not loaded>"


def test_an_unknown_name_is_a_key_error_with_a_suggestion(obj):
    obj.load()
    for wrong in (lambda: obj.maps["count"], lambda: obj.attach({"frist": "lo"})):
        with pytest.raises(KeyError, match=r"did you mean (counts|first)") as caught:
            wrong()
        assert isinstance(caught.value, RawbpfError)
    assert obj.maps.get("count") is None


def test_a_target_is_given_to_programs_whose_section_names_none(obj, kernel):
    obj.load()
    obj.attach({"first": "lo"})
    assert list(obj.links) == ["first"]
    assert "needs an interface" in obj.skipped["second"]
    obj.attach({"second": "lo"})
    assert list(obj.links) == ["first", "second"]
    assert obj.skipped == {}
    assert kernel.names().count("BPF_LINK_CREATE") == 2
    obj.detach()
    assert kernel.closed == [OTHER_LINK, LINK]


def test_if_one_program_fails_none_is_attached(obj, kernel):
    obj.load()
    kernel.script["BPF_LINK_CREATE"] = deque([LINK, -errno.EBUSY])
    with pytest.raises(AttachError, match="another program is already attached"):
        obj.attach(dict.fromkeys(obj.programs, "lo"))
    assert not obj.links
    assert kernel.closed == [LINK]


def test_an_unknown_interface_is_an_error(obj):
    obj.load()
    with pytest.raises(AttachError, match="no interface 'none0': ENODEV"):
        obj.attach({"first": "none0"})


def test_maps_programs_and_links_have_a_repr(obj):
    obj.load()
    assert repr(obj.maps["counts"]) == "<Map counts: hash, 4 entries>"
    assert repr(obj.programs["first"]) == "<Program first: xdp>"
    obj.attach({"first": "lo"})
    link = obj.links["first"]
    assert repr(link) == "<Link xdp lo>"
    obj.close()
    assert repr(link) == "<Link xdp lo, closed>"
    assert repr(obj) == "<Collection first second: closed>"


def test_events_need_a_ring(obj):
    with pytest.raises(UnknownNameError, match="call load"):
        obj.events("counts")
    obj.load()
    with pytest.raises(UsageError, match="'counts' is not a ring"):
        obj.events("counts")
    with pytest.raises(UnknownNameError, match="did you mean counts"):
        obj.events("count")
    with pytest.raises(UsageError, match="no struct 'event'"):
        obj.events("counts", "event")
