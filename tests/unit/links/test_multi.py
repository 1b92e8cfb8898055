"""One link for many functions: the attr that the kernel gets, and errors."""

import array
import ctypes
import errno

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.errors import AttachError, UnsupportedError, UsageError
from rawbpf.links import dispatch, multi
from rawbpf.programs.program import Program
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec, ProgramSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_link import BpfAttrLinkCreateKprobeMulti, BpfAttrLinkCreateUprobeMulti
from tests.support.fake_kernel import FakeKernel

LINK, PROGRAM = 71, 72
VFS = ProbeSpec(ProbeKind.KPROBE_MULTI, "vfs_*", ProbePoint.RETURN, cookie=7)


@pytest.fixture(autouse=True)
def ftrace(monkeypatch):
    functions = b"vfs_read\nvfs_write\nother [mod]\n"
    monkeypatch.setattr(multi, "available_filter_functions", lambda: functions)


def attached(result, probe=VFS):
    spec = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_KPROBE, Bytecode("p", ()))
    kernel = FakeKernel(BPF_LINK_CREATE=[result])
    with replaced(kernel), Program(Fd(PROGRAM, "prog"), spec) as program:
        dispatch.attach(program, probe).close()
    assert kernel.closed == [LINK, PROGRAM]


def numbers(address, count):
    return list(array.array("Q", ctypes.string_at(address, 8 * count)))


def test_the_kernel_gets_the_matching_functions_each_with_the_cookie():
    def created(_cmd, address, _size):
        attr = BpfAttrLinkCreateKprobeMulti.from_address(address)
        names = [ctypes.string_at(one) for one in numbers(attr.syms, attr.cnt)]
        assert names == [b"vfs_read", b"vfs_write"]
        assert numbers(attr.cookies, 2) == [7, 7]
        assert attr.multi_flags == 1
        return LINK

    attached(created)


def test_functions_of_a_file_can_be_limited_to_a_process():
    def created(_cmd, address, _size):
        attr = BpfAttrLinkCreateUprobeMulti.from_address(address)
        assert (attr.pid, attr.multi_flags) == (5, 0)
        assert numbers(attr.cookies, attr.cnt) == [9] * attr.cnt
        return LINK

    attached(created, ProbeSpec(ProbeKind.UPROBE_MULTI, "libc.so.6:get*uid", pid=5, cookie=9))


def test_an_older_kernel_is_named_in_the_error():
    with pytest.raises(AttachError, match=r"cannot attach to 2 functions: .* 5\.18"):
        attached(-errno.EINVAL)


def test_a_pattern_must_match_and_the_list_must_be_readable(monkeypatch):
    with pytest.raises(UsageError, match=r"no function matches 'nothing\*'"):
        attached(LINK, VFS._replace(target="nothing*"))
    monkeypatch.setattr(multi, "available_filter_functions", lambda: None)
    with pytest.raises(UnsupportedError, match="in tracefs; mount -t tracefs"):
        attached(LINK)
