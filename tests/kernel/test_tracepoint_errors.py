"""Tracepoints that do not exist, or whose record is shorter than a program expects."""

import pytest

from rawbpf.collection.collection import Collection
from rawbpf.errors import AttachError
from rawbpf.source.assembler import assemble

PROGRAM = """
.license "GPL"
.program p, "{section}"
r6 = r1
r0 = *(u{bits} *)(r6 + {offset})
r0 = 0
exit
"""


def attach(kernel, section, offset, bits):
    text = PROGRAM.format(section=section, offset=offset, bits=bits)
    with Collection(assemble(text, "prog.bpf.s"), kernel) as obj:
        obj.load()
        obj.attach()
        return obj.links["p"].info is not None


FITTING = [
    ("tracepoint/syscalls/sys_enter_close", 16, 64),
    ("raw_tp/sched_process_exec", 16, 64),
    ("raw_tp/sys_enter", 8, 64),
]

BEYOND = [
    ("tracepoint/syscalls/sys_enter_close", 72, 64, "bytes 72 to 79", "fd at offset 16"),
    ("raw_tp/sys_enter", 16, 64, "the arguments end after 16 bytes", "args[1] is long"),
    ("raw_tp/sched_process_exec", 64, 64, "bytes 64 to 71", "args[0] is struct task_struct *"),
]


@pytest.mark.parametrize(("section", "offset", "bits"), FITTING)
def test_a_program_that_reads_its_record_is_attached(kernel, section, offset, bits):
    assert attach(kernel, section, offset, bits)


@pytest.mark.parametrize(("section", "offset", "bits", "access", "field"), BEYOND)
def test_the_error_names_the_access_and_the_fields(kernel, section, offset, bits, access, field):
    with pytest.raises(AttachError) as caught:
        attach(kernel, section, offset, bits)
    text = str(caught.value)
    assert access in text
    assert field in text
    assert f"prog.bpf.s:5: r0 = *(u{bits} *)(r6 + {offset})" in text
    assert "SELinux" not in text


@pytest.mark.parametrize("name", ["sched:sched_switch", "sched/sched_swich", "sched_switch"])
def test_a_tracepoint_that_does_not_exist_suggests_another(kernel, name):
    with pytest.raises(AttachError, match=r"no such tracepoint; did you mean sched/sched_switch"):
        attach(kernel, f"tracepoint/{name}", 16, 64)
