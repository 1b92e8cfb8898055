"""Frozen and mapped variables, and sections that are not attached.

The objects are assembled, so no compiler is needed.
"""

import ctypes
import errno

import pytest

from rawbpf.collection.collection import Collection
from rawbpf.errors import AttachError, KernelError, RawbpfError, UsageError
from rawbpf.kernel.version import kernel_version
from rawbpf.source.assembler import assemble

pytestmark = pytest.mark.no_probe

TEXT = """
.license "GPL"
.rodata
limit: .word 5
.data
count: .quad 100
.bss
seen:  .quad 0

.program add, "socket"
r1 = limit ll
r1 = *(u32 *)(r1 + 0)
r2 = count ll
r3 = *(u64 *)(r2 + 0)
r3 += r1
*(u64 *)(r2 + 0) = r3
r2 = seen ll
*(u64 *)(r2 + 0) = r3
r0 = r3
exit

.program probe, "usdt//usr/bin/python3:python:function__entry"
r0 = 0
exit
"""


@pytest.fixture
def obj(kernel):
    with Collection(assemble(TEXT), kernel) as one:
        yield one


def test_variables_are_memory_shared_with_the_program(obj):
    obj.rodata["limit"] = 7
    obj.data["count"] = 1000
    obj.load()
    assert obj.programs["add"].test_run(bytes(14)).retval == 1007
    assert (obj.data["count"], obj.bss["seen"]) == (1007, 1007)
    obj.data["count"] = 1
    assert obj.programs["add"].test_run(bytes(14)).retval == 8
    assert int.from_bytes(obj.maps[".data"].lookup(bytes(4)), "little") == 8


def test_constants_are_frozen(obj):
    obj.load()
    with pytest.raises(UsageError, match="read-only after loading"):
        obj.rodata["limit"] = 1
    with pytest.raises(KernelError) as caught:
        obj.maps[".rodata"].update(bytes(4), bytes(4))
    assert caught.value.errno == errno.EPERM
    assert obj.programs["add"].test_run(bytes(14)).retval == 105


def test_usdt_is_recognised_but_not_attached(obj):
    obj.load()
    obj.attach()
    assert "probe" in obj.programs
    assert obj.skipped["probe"].startswith(
        "not attached: cannot attach to usdt /usr/bin/python3:python:function__entry: "
    )
    assert "notes" in obj.skipped["probe"]


SESSION = """
.license "GPL"
.bss
runs: .quad 0

.program both, "uprobe.session/libc.so.6:getuid"
r0 = runs ll
r1 = 1
lock *(u64 *)(r0 + 0) += r1
r0 = 0
exit
"""


def test_a_session_runs_at_entry_and_return(kernel):
    with Collection(assemble(SESSION), kernel) as obj:
        obj.load()
        if kernel_version() < (6, 13):
            with pytest.raises(AttachError, match="this kernel does not support such links"):
                obj.attach()
            return
        obj.attach()
        ctypes.CDLL(None).getuid()
        assert obj.bss["runs"] == 2


TRAMPOLINE = """
.license "GPL"
.bss
runs: .quad 0

.program both, "fsession/bpf_fentry_test1"
r0 = runs ll
r1 = 1
lock *(u64 *)(r0 + 0) += r1
r0 = 0
exit
"""


def test_a_session_of_a_trampoline(kernel):
    with Collection(assemble(TRAMPOLINE), kernel) as obj:
        if kernel_version() < (7, 0):
            with pytest.raises(RawbpfError):
                obj.load()
            return
        obj.load()
        obj.attach()
        # A test run of a trampoline calls each of the kernel's test functions once.
        obj.programs["both"].test_run(b"")
        assert obj.bss["runs"] == 2
