"""Link info, decoded from struct bpf_link_info as a kernel fills it in."""

import ctypes
import errno

import pytest

from rawbpf.errors import UnsupportedError
from rawbpf.links.link import Link
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi import bpf_link as u
from rawbpf.uapi.bpf import bpf_link_type
from rawbpf.uapi.bpf_attr import BpfAttrInfo
from tests.support.fake_kernel import FakeKernel


def telling(kind, part=None, named=None, name=b"", **fields):
    """Return an answer that fills in ``part``; ``named`` is its field with a name's address."""

    def answer(_cmd, address, _size):
        place = BpfAttrInfo.from_address(address).info
        info = u.BpfLinkInfo.from_address(place)
        info.type, info.id, info.prog_id = bpf_link_type[f"BPF_LINK_TYPE_{kind}"], 3, 5
        if part is not None:
            view = part.from_address(place)
            if named and getattr(view, named):
                ctypes.memmove(getattr(view, named), name, len(name))
            for field, value in fields.items():
                setattr(view, field, value)
        return 0

    return answer


def told(*arguments, extra=None, **fields):
    answer = telling(*arguments, **fields)

    def both(*words):
        answer(*words)
        return extra(*words) if extra else 0

    with replaced(FakeKernel(BPF_OBJ_GET_INFO_BY_FD=[both])), Link("here", Fd(60, "l")) as link:
        info = link.info()
    assert (info.id, info.prog_id) == (3, 5)
    return info.type_word, info.part


@pytest.mark.parametrize(
    ("arguments", "fields", "part"),
    [
        (("XDP", u.BpfLinkInfoXdp), {"ifindex": 2}, {"ifindex": 2}),
        (
            ("TRACING", u.BpfLinkInfoTracing),
            {"attach_type": 24, "target_obj_id": 1, "target_btf_id": 77},
            {"attach_type": "trace_fentry", "target_obj_id": 1, "target_btf_id": 77},
        ),
        (
            ("TRACING", u.BpfLinkInfoTracing),
            {"attach_type": 9999},
            {"attach_type": 9999, "target_obj_id": 0, "target_btf_id": 0},
        ),
        (
            ("RAW_TRACEPOINT", u.BpfLinkInfoRawTracepoint, "tp_name", b"sys_enter"),
            {},
            {"tp_name": "sys_enter"},
        ),
        (("ITER", u.BpfLinkInfoIter, "target_name", b"task"), {}, {"target_name": "task"}),
        (
            ("ITER", u.BpfLinkInfoIter, "target_name", b"bpf_map_elem"),
            {"map_id": 8},
            {"target_name": "bpf_map_elem", "map_id": 8},
        ),
        (
            ("KPROBE_MULTI", u.BpfLinkInfoKprobeMulti),
            {"count": 4, "flags": 1, "missed": 2},
            {"func_cnt": 4, "retprobe": True, "missed": 2},
        ),
        (("KPROBE_MULTI",), {}, {}),  # before 6.6
        (("PERF_EVENT",), {}, {}),  # likewise
        (
            ("UPROBE_MULTI", u.BpfLinkInfoUprobeMulti, "path", b"/bin/true"),
            {"count": 1, "pid": 9},
            {"path": "/bin/true", "func_cnt": 1, "retprobe": False, "pid": 9},
        ),
        (
            ("CGROUP", u.BpfLinkInfoCgroup),
            {"cgroup_id": 1, "attach_type": 0},
            {"cgroup_id": 1, "attach_type": "cgroup_inet_ingress"},
        ),
    ],
)
def test_each_link_type_has_its_details(arguments, fields, part):
    word, found = told(*arguments, **fields)
    assert word == arguments[0].lower()
    assert found == part


@pytest.mark.parametrize(
    ("kind", "view", "named", "fields", "part"),
    [
        (3, u.BpfLinkInfoPerfEventKprobe, "func_name", {"addr": 16, "missed": 1},
         {"event": "kprobe", "retprobe": False, "func_name": "name", "offset": 0, "addr": 16,
          "missed": 1}),
        (2, u.BpfLinkInfoPerfEventUprobe, "file_name", {"offset": 64},
         {"event": "uprobe", "retprobe": True, "file_name": "name", "offset": 64}),
        (5, u.BpfLinkInfoPerfEventTracepoint, "tp_name", {},
         {"event": "tracepoint", "tp_name": "name"}),
        (6, u.BpfLinkInfoPerfEventEvent, None, {"type": 1, "config": 3},
         {"event": "event", "event_type": 1, "config": 3}),
    ],
)  # fmt: skip
def test_each_perf_event_type_has_its_details(kind, view, named, fields, part):
    def kinds(_cmd, address, _size):
        u.BpfLinkInfoPerfEvent.from_address(BpfAttrInfo.from_address(address).info).type = kind
        return 0

    found = told("PERF_EVENT", view, named, b"name", extra=kinds, **fields)
    assert found == ("perf_event", part)


def test_a_perf_event_cannot_be_queried_or_pinned():
    kernel = FakeKernel(BPF_OBJ_GET_INFO_BY_FD=[-errno.EINVAL])
    with replaced(kernel), Link("tracepoint a/b", Fd(60, "perf")) as link:
        for act in (link.info, lambda: link.pin("/sys/fs/bpf/x")):
            with pytest.raises(UnsupportedError, match="cannot query or pin tracepoint a/b"):
                act()


@pytest.mark.parametrize(("known", "missed"), [(48, None), (56, 3)])
def test_misses_are_unknown_before_6_7(known, missed):
    """The kernel returns how many bytes of struct bpf_link_info it knows."""
    fill = telling("KPROBE_MULTI", u.BpfLinkInfoKprobeMulti, count=1, missed=3)

    def answer(cmd, address, size):
        BpfAttrInfo.from_address(address).info_len = known
        return fill(cmd, address, size)

    with replaced(FakeKernel(BPF_OBJ_GET_INFO_BY_FD=[answer])), Link("f", Fd(60, "l")) as link:
        assert link.missed == missed


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_misses_are_unknown_without_a_link(number):
    kernel = FakeKernel(BPF_OBJ_GET_INFO_BY_FD=[-number])
    with replaced(kernel), Link("kprobe f", Fd(60, "perf")) as link:
        assert link.missed is None
