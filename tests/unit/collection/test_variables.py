"""Global variables by name, before their map exists."""

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.collection.variables import Variables
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.specs.object_spec import DataSpec, Variable


@pytest.fixture
def section():
    b = BtfBuilder()
    u32, char = b.add_int("unsigned int", 4), b.add_int("char", 1, signed=True)
    limits = b.add_struct("limits", 8, [("low", u32, 0), ("high", u32, 32)])
    text = b.add_array(char, 8, u32)
    variables = (
        Variable("target_pid", 0, 4, type_id=u32),
        Variable("limits", 4, 8, type_id=limits),
        Variable("label", 12, 8, type_id=text),
        Variable("plain", 20, 2, width=2),
    )
    return Variables(DataSpec(".rodata", bytes(22), variables), Btf(b.encode()))


def test_repr_shows_the_values(section):
    section["label"] = "here"
    text = "<Variables .rodata target_pid=0 limits={low=0 high=0} label='here' plain=0>"
    assert repr(section) == text
    section.leave_unmapped()
    assert repr(section) == "<Variables .rodata target_pid limits label plain>"


def test_values_have_their_c_types(section):
    section["target_pid"] = 42
    section["limits"] = {"low": 1, "high": 2}
    section["label"] = "here"
    section["plain"] = -2
    assert dict(section) == {
        "target_pid": 42,
        "limits": {"low": 1, "high": 2},
        "label": b"here",
        "plain": 0xFFFE,
    }
    assert section.contents == bytes.fromhex("2a000000 01000000 02000000 6865726500000000 feff")


def test_a_value_that_does_not_fit_is_an_error(section):
    for name, value in (("target_pid", 1 << 32), ("label", b"123456789"), ("plain", 1 << 16)):
        with pytest.raises(UsageError, match=name):
            section[name] = value
    assert not any(section.contents)


def test_an_unknown_name_is_a_key_error_with_a_suggestion(section):
    with pytest.raises(KeyError, match="did you mean target_pid"):
        section["target_pd"]
    assert "target_pd" not in section
    with pytest.raises(RawbpfError):
        section["target_pd"] = 1


def test_a_frozen_section_cannot_be_changed(section):
    section["target_pid"] = 7
    section.freeze()
    with pytest.raises(UsageError, match="read-only"):
        section["target_pid"] = 8
    assert section["target_pid"] == 7


def test_values_can_be_mapped_and_are_kept_after_unmapping(section):
    memory = bytearray(section.contents)
    section.move_to(memoryview(memory))
    section["target_pid"] = 5
    assert memory[0] == 5
    memory[0] = 6
    assert section["target_pid"] == 6
    section.leave()
    memory[0] = 7
    assert section["target_pid"] == 6
