"""Logs of BPF_BTF_LOAD are explained, and no log makes the explainer raise."""

import ctypes
import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.errors import KernelError
from rawbpf.output.explanation import explanation_lines, explanation_object
from rawbpf.refusals.explain import explained_error
from rawbpf.refusals.types_log import last_message
from rawbpf.refusals.types_words import c_text, users
from rawbpf.syscall import bpf_object
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf_attr import BpfAttrBtfLoad
from tests.support.btf_records import INT, blob, btf
from tests.support.fake_kernel import FakeKernel

USERS = ("'in' of struct outer", "type 4 (pointer)", "variable hits")
TYPES = (
    INT,
    t.Struct("inner", 4, (t.Member("x", 99, 0),)),
    t.Struct("outer", 8, (t.Member("in", 2, 0), t.Member("y", 1, 32))),
    t.Ptr(3),
    t.Var("hits", 4, 1),
    t.DataSec(".maps", 8, (t.SecVar(5, 0, 8),)),
)
LOG = """magic: 0xeb9f
btf_total_size: 200
[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT inner size=4 vlen=1
\tx type_id=99 bits_offset=0
[3] STRUCT outer size=8 vlen=2
\tin type_id=2 bits_offset=0
\ty type_id=1 bits_offset=32
[2] STRUCT inner size=4 vlen=1
\tx type_id=99 bits_offset=0 Invalid member
"""


def kernel_that_says(log, number=errno.EINVAL):
    def answer(_cmd, address, _size):
        attr = BpfAttrBtfLoad.from_address(address)
        raw = log.encode(errors="surrogatepass") + b"\0"
        if attr.btf_log_level:
            ctypes.memmove(
                attr.btf_log_buf, raw[: attr.btf_log_size], min(len(raw), attr.btf_log_size)
            )
            if len(raw) > attr.btf_log_size:
                return -errno.ENOSPC
        return -number

    return FakeKernel(BPF_BTF_LOAD=[answer])


def refusal(data, log, number=errno.EINVAL):
    with replaced(kernel_that_says(log, number)):
        with pytest.raises(KernelError) as caught:
            bpf_object.btf_load(data)
        return explained_error("cannot load the types", caught.value)


def test_a_member_is_shown_with_its_type_and_what_uses_it():
    error = refusal(blob(*TYPES), LOG)
    found = error.explanation
    assert found.sentence == "member 'x' of struct inner refers to type 99, which does not exist"
    assert [one.text for one in found.evidence] == [
        "type 2 is struct inner { (type 99) x; /* bit 0 */ } of 4 bytes",
        "the type is used by " + ", which is used by ".join(USERS),
    ]
    assert found.kernel == (
        "EINVAL (Invalid argument)",
        "[2] STRUCT inner size=4 vlen=1",
        "x type_id=99 bits_offset=0 Invalid member",
    )
    assert error.details == LOG.rstrip()


def test_a_log_that_is_longer_than_the_first_buffer():
    filler = "[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n" * 3000
    assert refusal(blob(*TYPES), filler + LOG).explanation.code == "RB-T002"


def test_an_unknown_message_is_shown_unchanged():
    found = refusal(blob(*TYPES), "[2] STRUCT inner size=4 vlen=1 Not on Tuesdays\n").explanation
    assert found.code == ""
    assert "Not on Tuesdays (rawbpf has no rule for this message)" in found.sentence


def test_a_log_that_contains_only_the_header():
    found = refusal(blob(*TYPES), "magic: 0xeb9f\nbtf_total_size: 200\n").explanation
    assert "EINVAL" in found.sentence
    assert found.call.startswith("BPF_BTF_LOAD: btf_size=")


def test_users_of_types_that_form_a_loop():
    circle = btf(t.Struct("s", 4, (t.Member("a", 2, 0),)), t.Struct("q", 4, (t.Member("b", 1, 0),)))
    assert users(circle, 1) == ["'b' of struct q"]
    assert c_text(btf(t.Typedef("a", 1)), 1) == "TYPEDEF 'a' type_id=1"


ODD = ("[99] PTR", "\t", "[", "[1]", "\t type_id=2 offset=4")
LINES = st.sampled_from([*LOG.splitlines(), *ODD])
TAILS = st.sampled_from(
    ["", " Invalid name", " Invalid arg#7", " Invalid btf_info:ffffffff", " Invalid kind:999",
     " size != 0", " Member exceeds struct_size"]
)  # fmt: skip


@given(st.lists(st.tuples(LINES, TAILS).map("".join) | st.text(max_size=40), max_size=8))
def test_no_log_makes_the_explainer_raise(rows):
    text = "\n".join(rows).replace("\0", "")
    found = refusal(blob(*TYPES), text).explanation
    assert found.sentence
    list(explanation_lines(found))
    explanation_object(found)
    if rows:
        last_message(rows, None)
