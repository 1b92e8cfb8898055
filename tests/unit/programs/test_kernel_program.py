"""Information about loaded programs, and test runs that fail."""

import ctypes
import errno
import re

import pytest

from rawbpf.errors import KernelError, UnsupportedError, UsageError
from rawbpf.programs.program import KernelProgram
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrInfo, BpfProgInfo
from tests.support.fake_kernel import FakeKernel


def telling(kind=bpf_prog_type.BPF_PROG_TYPE_XDP, map_ids=(), **more):
    """Answer BPF_OBJ_GET_INFO_BY_FD; fill in as many map IDs as there is room for."""

    def answer(_cmd, address, _size):
        info = BpfProgInfo.from_address(BpfAttrInfo.from_address(address).info)
        if info.map_ids:
            ctypes.memmove(
                info.map_ids, (ctypes.c_uint32 * len(map_ids))(*map_ids), 4 * info.nr_map_ids
            )
        info.type, info.id, info.name, info.nr_map_ids = kind, 7, b"drop", len(map_ids)
        info.gpl_compatible = 1
        for name, value in more.items():
            setattr(info, name, value)
        return 0

    return answer


def asking(act, **script):
    with replaced(FakeKernel(**script)), KernelProgram(Fd(50, "prog")) as program:
        return act(program)


def test_info_includes_the_ids_of_the_maps():
    info = asking(KernelProgram.info, BPF_OBJ_GET_INFO_BY_FD=[telling(map_ids=(3, 4), run_cnt=9)])
    assert (info.id, info.name, info.type_word) == (7, "drop", "xdp")
    assert (info.map_ids, info.gpl_compatible, info.run_cnt) == ((3, 4), True, 9)
    assert info.tag == "0" * 16


def test_an_unknown_type_is_a_number():
    assert asking(KernelProgram.info, BPF_OBJ_GET_INFO_BY_FD=[telling(9999)]).type_word == "9999"


def test_hidden_instructions_are_empty():
    """Without CAP_BPF, the kernel clears the address of the instructions and their length."""
    hidden = telling(xlated_prog_len=16, xlated_prog_insns=0)
    assert asking(KernelProgram.xlated, BPF_OBJ_GET_INFO_BY_FD=[hidden]) == b""


@pytest.mark.parametrize(
    ("kind", "number", "data", "ctx", "said"),
    [
        ("XDP", errno.EINVAL, b"x", b"", "at least 14 bytes long (an Ethernet header), not 1"),
        ("XDP", errno.EINVAL, bytes(64), b"y", "a context of 1 bytes has the wrong size"),
        ("XDP", errno.EINVAL, bytes(64), b"", "EINVAL"),
        ("XDP", errno.ENOSPC, bytes(64), b"", "ENOSPC"),
        ("RAW_TRACEPOINT", errno.EINVAL, b"x", b"", "take only a context"),
        ("SYSCALL", errno.EINVAL, b"", b"y", "a context of 1 bytes has the wrong size"),
    ],
)
def test_a_failed_run_says_why(kind, number, data, ctx, said):
    script = {
        "BPF_PROG_TEST_RUN": [-number],
        "BPF_OBJ_GET_INFO_BY_FD": [telling(bpf_prog_type[f"BPF_PROG_TYPE_{kind}"])],
    }
    with pytest.raises(KernelError, match=re.escape(said)) as caught:
        asking(lambda program: program.test_run(data, ctx), **script)
    assert str(caught.value).startswith("cannot run program 'drop': ")
    assert caught.value.errno == number


def test_a_type_without_test_runs():
    script = {
        "BPF_PROG_TEST_RUN": [-524],
        "BPF_OBJ_GET_INFO_BY_FD": [telling(bpf_prog_type.BPF_PROG_TYPE_KPROBE)],
    }
    with pytest.raises(UnsupportedError, match="does not support programs of type kprobe"):
        asking(lambda program: program.test_run(bytes(64)), **script)


def test_an_invalid_repeat_count():
    with pytest.raises(UsageError, match="invalid repeat count: -1"):
        asking(lambda program: program.test_run(bytes(64), repeat=-1))


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOENT, "no program with ID 12"), (errno.EMFILE, "cannot open program 12")],
)
def test_an_id_that_cannot_be_opened(number, said):
    with (
        replaced(FakeKernel(BPF_PROG_GET_FD_BY_ID=[-number])),
        pytest.raises(KernelError, match=said) as caught,
    ):
        KernelProgram.from_id(12)
    assert caught.value.errno == number


def test_a_missing_capability_is_named(monkeypatch):
    monkeypatch.setattr("rawbpf.kernel.objects.missing_capabilities", list)
    with (
        replaced(FakeKernel(BPF_PROG_GET_FD_BY_ID=[-errno.EPERM])),
        pytest.raises(
            KernelError, match="opening objects by ID requires CAP_SYS_ADMIN; run the command"
        ),
    ):
        KernelProgram.from_id(12)
