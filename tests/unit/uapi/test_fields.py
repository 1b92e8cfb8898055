"""The table of fields and releases is complete."""

import inspect

import pytest

from rawbpf.uapi import bpf_attr, bpf_link
from rawbpf.uapi.field_uses import USES
from rawbpf.uapi.fields import ADDED, STRUCTS, since


@pytest.mark.parametrize("module", [bpf_attr, bpf_link], ids=["bpf_attr", "bpf_link"])
def test_every_structure_has_a_row(module):
    ours = {
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__
    }
    assert ours <= set(STRUCTS), "add it to rawbpf/uapi/fields.py: STRUCTS"
    assert ours <= set(ADDED), "add the releases of its fields to rawbpf/uapi/fields.py: ADDED"


@pytest.mark.parametrize("struct", USES, ids=lambda struct: struct.__name__)
def test_uses_name_existing_fields(struct):
    assert set(USES[struct]) <= {name for name, *_ in struct._fields_}


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_has_a_release(struct):
    names = [name for name, *_ in struct._fields_ if not name.startswith("_")]
    told = [name for names in ADDED[struct].values() for name in names.split()]
    assert sorted(told) == sorted(names)
    assert all(since(struct, name) for name in names)
