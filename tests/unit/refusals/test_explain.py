"""Failed calls are explained by repeating them with one field changed."""

import errno

import pytest

from rawbpf.errors import KernelError
from rawbpf.maps.map import Map
from rawbpf.output.explanation import explanation_lines, explanation_object
from rawbpf.programs.program import load
from rawbpf.refusals.explain import explain, explained_error
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
from tests.support.fake_kernel import FakeKernel, write_log
from tests.unit.programs.test_load import spec  # noqa: F401 -- a fixture

ARRAY = MapSpec("m", bpf_map_type.BPF_MAP_TYPE_ARRAY, 8, 8, 1)


def takes(field, value, fd=70):
    """Answer BPF_MAP_CREATE as a kernel that requires one value in one field."""

    def answer(_cmd, address, _size):
        found = getattr(BpfAttrMapCreate.from_address(address), field)
        return fd if found == value else -errno.EINVAL

    return answer


def test_a_change_is_tried_and_its_map_is_closed():
    kernel = FakeKernel(BPF_MAP_CREATE=[takes("key_size", 4)])
    with replaced(kernel), pytest.raises(KernelError) as caught:
        Map.create(ARRAY)
    found = caught.value.explanation
    assert (found.code, found.trial.accepted) == ("RB-E021", True)
    assert found.patch == ("- key_size = 8", "+ key_size = 4")
    assert kernel.closed
    assert set(kernel.closed) == {70}
    assert str(caught.value) == (
        "cannot create map 'm': key_size is 8, but keys of BPF_MAP_TYPE_ARRAY must be 4 bytes long "
        "[RB-E021]; set key_size to 4"
    )


def test_a_change_that_does_not_help_is_not_proposed():
    kernel = FakeKernel(BPF_MAP_CREATE=[takes("max_entries", 77)])
    with replaced(kernel), pytest.raises(KernelError) as caught:
        Map.create(ARRAY._replace(key_size=0))
    shown = "\n".join(explanation_lines(caught.value.explanation))
    # Even the smallest map of this type is rejected, so the type is the reason.
    assert "RB-E020" in shown
    assert "The kernel accepts" not in shown


def test_an_errno_without_a_rule_is_shown_with_the_call():
    kernel = FakeKernel(BPF_MAP_CREATE=[-errno.EXDEV])
    with replaced(kernel), pytest.raises(KernelError) as caught:
        Map.create(ARRAY)
    shown = "\n".join(explanation_lines(caught.value.explanation, 200))
    assert "BPF_MAP_CREATE: map_type=BPF_MAP_TYPE_ARRAY, key_size=8" in shown
    assert "EXDEV" in str(caught.value)
    assert explanation_object(caught.value.explanation)["code"] is None
    assert caught.value.errno == errno.EXDEV


def test_an_error_without_the_call_has_no_explanation():
    error = KernelError("BPF_MAP_CREATE", errno=errno.EINVAL, call="BPF_MAP_CREATE")
    assert explain(error) is None
    assert str(explained_error("cannot", error)).startswith("cannot: EINVAL")


def test_a_program_that_was_verified_but_not_compiled(spec):  # noqa: F811
    log = write_log("processed 2 insns (limit 1000000)\n", 524)
    with replaced(FakeKernel(BPF_PROG_LOAD=[log])), pytest.raises(KernelError) as caught:
        load(spec, {})
    assert caught.value.explanation.code == "RB-E017"
    assert "could not compile" in caught.value.explanation.sentence


def test_a_log_without_a_message_and_an_errno_without_a_rule(spec):  # noqa: F811
    log = write_log("processed 2 insns (limit 1000000)\n", errno.EXDEV)
    with replaced(FakeKernel(BPF_PROG_LOAD=[log])), pytest.raises(KernelError) as caught:
        load(spec, {})
    assert "found no error" in str(caught.value)


def test_an_unknown_program_type():
    kernel = FakeKernel(BPF_PROG_LOAD=[-errno.EINVAL])
    code = ProgramSpec("x", bpf_prog_type.BPF_PROG_TYPE_XDP, _two())
    with replaced(kernel), pytest.raises(KernelError) as caught:
        load(code._replace(prog_type=4000), {})
    assert "number 4000" in caught.value.explanation.sentence


def _two():
    from rawbpf.asm import Builder, r0

    b = Builder("x")
    b.mov(r0, 0)
    b.exit()
    return b.build()
