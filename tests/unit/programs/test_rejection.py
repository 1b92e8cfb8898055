"""A rejected load is explained once, with what the kernel lacks and what it is too old for."""

import errno

import pytest

from rawbpf.asm import Builder, r0, r1
from rawbpf.collection.gaps import gaps
from rawbpf.collection.ksyms import ABSENT_CALL
from rawbpf.errors import UnsupportedError, VerifierError
from rawbpf.programs.program import load
from rawbpf.programs.request import Gap
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.verifier import registry
from rawbpf.verifier.patch import Patch, insert
from tests.support.fake_kernel import FakeKernel, write_log
from tests.unit.programs.test_load import spec  # noqa: F401 -- a fixture

REACHED = "0: (85) call unknown#195896080\ninvalid func unknown#195896080\n"
FIELD = Gap("needs struct task_struct::gone", "no such member", slot=0)
FUNCTION = Gap("calls gone", "no such function", "check for it first", helper=195896080)


def rejected(spec, log, *lacking):  # noqa: F811
    """Return the error of a load that the verifier rejects with a log."""
    kernel = FakeKernel(BPF_PROG_LOAD=[write_log(log, errno.EINVAL)])
    with replaced(kernel), pytest.raises((VerifierError, UnsupportedError)) as caught:
        load(spec, {}, gaps=lacking)
    return caught.value


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (FIELD, "program 'two' needs struct task_struct::gone: no such member"),
        (FUNCTION, "program 'two' calls gone: no such function; check for it first"),
    ],
)
def test_a_gap_that_the_verifier_reached(spec, gap, said):  # noqa: F811
    error = rejected(spec, REACHED, gap)
    assert isinstance(error, UnsupportedError)
    assert str(error) == said
    assert error.explanation.kernel == ("invalid func unknown#195896080",)
    assert error.details == REACHED


def test_a_gap_elsewhere_is_not_the_reason(spec):  # noqa: F811
    other = FIELD._replace(slot=7), FUNCTION._replace(helper=1)
    assert isinstance(rejected(spec, REACHED, *other), VerifierError)
    assert isinstance(rejected(spec, "0: (95) exit\nR0 !read_ok\n", FIELD), VerifierError)


def test_absent_functions_are_numbered_in_the_order_of_the_externs():
    found = gaps([], ["first", "second"])
    assert [(one.what, one.helper) for one in found] == [
        ("calls first", ABSENT_CALL),
        ("calls second", ABSENT_CALL + 1),
    ]


def test_a_newer_helper_is_named(monkeypatch):
    b = Builder("loops")
    b.mov(r1, 0)
    b.call("bpf_loop")
    b.mov(r0, 0)
    b.exit()
    program = ProgramSpec("loops", bpf_prog_type.BPF_PROG_TYPE_XDP, b.build())
    monkeypatch.setattr("rawbpf.programs.rejection.kernel_version", lambda: (5, 10))
    error = rejected(program, "0: (85) call bpf_loop#181\nsomething else\n")
    assert str(error).endswith("; bpf_loop() needs Linux 5.17, but this kernel is (5, 10)")


def test_a_patch_for_another_program_is_dropped(spec, monkeypatch):  # noqa: F811
    rule = registry.all_rules()["RB-V001"]
    far = rule._replace(repair=lambda *_: Patch("far", (insert(99, "r0 = 0"),)))
    monkeypatch.setattr(registry, "all_rules", lambda: {rule.code: far})
    error = rejected(spec, "0: (95) exit\nR0 !read_ok\n")
    assert error.explanation.patch == ()
    assert error.explanation.trial is None
