"""Capturing calls: which memory is read, when, and which is not."""

import ctypes
import errno
import os
import re
from pathlib import Path

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction, Reference
from rawbpf.errors import KernelError
from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.tell.dump import dump
from rawbpf.programs.program import load
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall import bpf
from rawbpf.syscall.bpf import enable_stats
from rawbpf.syscall.bpf_link import link_create_kprobe_multi, link_info
from rawbpf.syscall.bpf_object import fd_by_id, obj_get
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import enter, replaced
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd, bpf_link_type, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import (
    BpfAttrInfo,
    BpfAttrMapCreate,
    BpfAttrMapElem,
    BpfAttrProgLoad,
    BpfAttrTestRun,
    BpfMapInfo,
    BpfProgInfo,
)
from rawbpf.uapi.bpf_link import BpfLinkInfo, BpfLinkInfoIter
from tests.support.fake_kernel import FakeKernel
from tests.support.told import told

WILD = 0xDEAD_BEEF_0000


def create(kind, **sizes):
    return bpf.map_create(BpfAttrMapCreate(map_type=kind, map_name=b"m", **sizes))


def test_keys_and_values_have_the_size_of_the_map():
    def look_up(_cmd, address, _size):
        attr = BpfAttrMapElem.from_address(address)
        ctypes.memmove(attr.value, b"12345678", 8)
        return 0

    def make():
        with create(bpf_map_type.BPF_MAP_TYPE_HASH, key_size=2, value_size=8, max_entries=3) as fd:
            bpf.map_lookup_elem(fd.fileno(), b"ab", 8)

    with (
        replaced(FakeKernel(BPF_MAP_CREATE=[70], BPF_MAP_LOOKUP_ELEM=[look_up])),
        recorded() as calls,
    ):
        make()
    look = calls[1]
    assert look.block("attr.key").before == b"ab"
    assert look.block("attr.value").before is None
    assert look.block("attr.value").after == b"12345678"
    assert look.fds == {70: "map:m"}


def test_keys_of_a_map_of_unknown_size_are_not_read():
    attr = BpfAttrMapElem(map_fd=99, key=WILD, value=WILD)
    with replaced(FakeKernel(BPF_MAP_LOOKUP_ELEM=[0])), recorded() as calls:
        enter("bpf", bpf_cmd.BPF_MAP_LOOKUP_ELEM, ctypes.addressof(attr), 32)
    assert [block.path for block in calls[0].blocks] == ["attr"]


@pytest.mark.parametrize("address", [0, 8, WILD, (1 << 64) - 8])
@pytest.mark.parametrize("command", bpf_cmd)
def test_invalid_addresses_are_harmless(command, address):
    def make():
        with replaced(FakeKernel(**{command.name: [-errno.EFAULT]})), pytest.raises(KernelError):
            enter("bpf", command, address, 64)

    assert "EFAULT (Bad address)" in told(make, "full")


def test_invalid_pointers_are_harmless():
    attr = BpfAttrTestRun(prog_fd=3, data_in=WILD, data_size_in=1 << 31, data_out=WILD)

    def make():
        with replaced(FakeKernel(BPF_PROG_TEST_RUN=[0])):
            enter("bpf", bpf_cmd.BPF_PROG_TEST_RUN, ctypes.addressof(attr), 40)

    assert "prog_fd=3" in told(make)


def test_memory_written_by_the_kernel_is_shown():
    def answer(_cmd, address, _size):
        attr = BpfAttrInfo.from_address(address)
        BpfProgInfo.from_address(attr.info).id = 42
        attr.info_len = 100
        return 0

    def make():
        kernel = FakeKernel(BPF_PROG_LOAD=[71], BPF_OBJ_GET_INFO_BY_FD=[answer])
        with replaced(kernel), Fd(enter("bpf", bpf_cmd.BPF_PROG_LOAD, 0, 0), "prog") as fd:
            bpf.obj_get_info(fd.fileno(), BpfProgInfo())

    text = told(make)
    assert "info_len=232 => 100" in text
    assert "id=42" in text


def test_link_info_is_shown_by_link_type():
    def answer(_cmd, address, _size):
        info = BpfAttrInfo.from_address(address).info
        head, part = BpfLinkInfo.from_address(info), BpfLinkInfoIter.from_address(info)
        head.type, head.id = bpf_link_type.BPF_LINK_TYPE_ITER, 9
        if part.target_name:
            ctypes.memmove(part.target_name, b"task\0", 5)
            part.target_name_len = 5
        return 0

    def make():
        kernel = FakeKernel(BPF_LINK_GET_FD_BY_ID=[72], BPF_OBJ_GET_INFO_BY_FD=[answer])
        with replaced(kernel), fd_by_id(bpf_cmd.BPF_LINK_GET_FD_BY_ID, 9) as fd:
            assert link_info(fd.fileno())[1]["target_name"] == "task"

    first, second = (line for line in told(make).splitlines() if "GET_INFO" in line)
    assert "info={type=BPF_LINK_TYPE_ITER, id=9}" in first
    assert 'iter.target_name="task", iter.target_name_len=4096 => 5' in second
    text = told(make, "full")
    assert re.search(r'Linux 5\.\d+ +iter\.target_name = "task"', text)
    assert "# The link is no longer needed." in text
    assert "# This repeats the query with buffers" in text


def test_descriptors_from_elsewhere_are_named_by_proc():
    read, write = os.pipe()

    def make():
        with Fd(read, "pipe"), Fd(write, "pipe"):
            pass

    assert f"close({read}<pipe:[" in told(make)


def test_unknown_commands_are_narrated():
    def make():
        with replaced(lambda *_: -errno.EINVAL), pytest.raises(KernelError):
            enter("bpf", 12345, 0, 0)

    line, why = told(make).splitlines()
    assert line.startswith("bpf(command 12345, 0x0, 0) = -1 EINVAL (Invalid argument) <")
    assert why == "    # rawbpf does not know this call."


def test_a_reason_is_not_repeated():
    def make():
        with replaced(FakeKernel(BPF_MAP_FREEZE=[0])):
            bpf.map_freeze(5)
            bpf.map_freeze(6)

    assert told(make).count("# From now on, user space") == 1


def test_the_kind_of_statistics_is_not_shown_as_a_program_type():
    """BPF_STATS_RUN_TIME and BPF_PROG_TYPE_UNSPEC are both 0."""
    with replaced(FakeKernel(BPF_ENABLE_STATS=[70])), recorded() as calls:
        enable_stats().close()
    assert "enable_stats.type = BPF_STATS_RUN_TIME" in dump(calls[0])


def test_a_pinned_object_gets_its_kind_from_proc(monkeypatch):
    """bpf(2) does not return the kind of a pinned object; the link in /proc does."""

    def info(_cmd, address, _size):
        asked = BpfAttrInfo.from_address(address)
        BpfMapInfo.from_address(asked.info).key_size = 2
        return 0

    def make():
        with obj_get("/sys/fs/bpf/a.b") as one:
            bpf.map_update_elem(one.fileno(), b"12", b"")
            bpf.obj_get_info(one.fileno(), BpfMapInfo())

    monkeypatch.setattr(Path, "readlink", lambda _: Path("anon_inode:bpf-map"))
    script = {"BPF_OBJ_GET": [70], "BPF_OBJ_GET_INFO_BY_FD": [info], "BPF_MAP_UPDATE_ELEM": [0]}
    with replaced(FakeKernel(**script)):
        text = told(make)
    assert "= 70<map:/sys/fs/bpf/a.b>" in text
    assert "info={key_size=2}" in text
    assert "This requests information about the map;" in text
    assert "variables of the section" not in text


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("XSKMAP", "[1]", "[70<map:m>]"),
        ("SK_STORAGE", "[70<map:m>]", "[9]"),
        ("HASH", "[70]", "[9]"),
    ],
)
def test_descriptors_in_keys_and_values_are_labelled(kind, key, value):
    """The values of an XSKMAP and the keys of socket storage are descriptors."""

    def make():
        with create(bpf_map_type[f"BPF_MAP_TYPE_{kind}"], key_size=4, value_size=4) as fd:
            number = fd.fileno() if "<" in key or kind == "HASH" else 1
            content = fd.fileno() if "<" in value else 9
            raw = number.to_bytes(4, "little"), content.to_bytes(4, "little")
            bpf.map_update_elem(fd.fileno(), *raw)

    with replaced(FakeKernel(BPF_MAP_CREATE=[70], BPF_MAP_UPDATE_ELEM=[0])):
        assert f"key={key}, value={value}" in told(make)


def test_descriptors_of_module_btf_are_recorded():
    """They are in fd_array, up to the last index used, and in the second slot of constants."""
    code = Bytecode(
        "p",
        (
            Instruction(0x18, 0, 3, 0, 7, Reference("module_ksym", "nft:state")),
            Instruction(0x85, 0, 2, 1, 8, Reference("module_kfunc", "nft:lookup")),
            Instruction(0x95),
        ),
    )
    spec = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS, code, "GPL")
    kernel = FakeKernel(BPF_BTF_GET_FD_BY_ID=[70], BPF_PROG_LOAD=[71])
    with (
        replaced(kernel),
        recorded() as calls,
        fd_by_id(bpf_cmd.BPF_BTF_GET_FD_BY_ID, 5) as types,
        load(spec, {}, modules={"nft": types.fileno()}),
    ):
        pass
    call = calls[1]
    array, insns = call.block("attr.fd_array"), call.block("attr.insns")
    assert array.before == bytes(4) + (70).to_bytes(4, "little")
    assert [(ref.at, ref.fd) for ref in array.refs] == [(4, 70)]
    assert [(ref.at, ref.fd) for ref in insns.refs] == [(12, 70)]


def test_an_unused_fd_array_is_not_read():
    attr = BpfAttrProgLoad(fd_array=WILD)
    with (
        replaced(FakeKernel(BPF_PROG_LOAD=[-errno.EINVAL])),
        recorded() as calls,
        pytest.raises(KernelError),
    ):
        enter("bpf", bpf_cmd.BPF_PROG_LOAD, ctypes.addressof(attr), ctypes.sizeof(attr))
    assert [block.path for block in calls[0].blocks] == ["attr"]


def test_only_the_first_of_many_strings_are_dumped():
    names = [f"function_{number}" for number in range(1000)]
    with replaced(FakeKernel(BPF_LINK_CREATE=[70])), recorded() as calls:
        link_create_kprobe_multi(9, names, bpf_attach_type.BPF_TRACE_KPROBE_MULTI).close()
    text = dump(calls[0])
    assert "function_63" in text
    assert "function_64" not in text
    assert text.endswith("    ... and 936 more strings\n")
