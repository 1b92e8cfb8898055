"""Constants and record lengths, compared with <linux/btf.h> by a compiler."""

import struct

import pytest

from rawbpf.uapi import btf
from tests.support.clang import clang

ELEMENTS = {
    "btf_array": (btf.BTF_KIND_ARRAY, "info_words"),
    "btf_member": (btf.BTF_KIND_STRUCT, "element_words"),
    "btf_enum": (btf.BTF_KIND_ENUM, "element_words"),
    "btf_enum64": (btf.BTF_KIND_ENUM64, "element_words"),
    "btf_param": (btf.BTF_KIND_FUNC_PROTO, "element_words"),
    "btf_var": (btf.BTF_KIND_VAR, "info_words"),
    "btf_var_secinfo": (btf.BTF_KIND_DATASEC, "element_words"),
    "btf_decl_tag": (btf.BTF_KIND_DECL_TAG, "info_words"),
}


def compiles(lines):
    text = "\n".join(["#include <linux/btf.h>", *lines]) + "\n"
    clang("-fsyntax-only", "-x", "c", "-", text=text)


def equal(left, right):
    return f'_Static_assert({left} == {right}, "{left} is not {right}");'


def test_numbers():
    names = [name for name in btf.__all__ if name.startswith(("BTF_KIND", "BTF_INT", "BTF_VAR"))]
    names += ["BTF_FUNC_STATIC", "BTF_FUNC_GLOBAL", "BTF_FUNC_EXTERN", "BTF_MAGIC", "BTF_VERSION"]
    assert len(names) > 25
    compiles(equal(name, getattr(btf, name)) for name in names)


def test_lengths():
    assert btf.KINDS[btf.BTF_KIND_UNION][1:3] == btf.KINDS[btf.BTF_KIND_STRUCT][1:3]
    lengths = {
        name: 4 * getattr(btf.KINDS[kind], field) for name, (kind, field) in ELEMENTS.items()
    }
    # Newer headers have more fields in btf_header, all after these.
    offset = struct.calcsize(btf.BTF_HEADER) - 4
    lines = [equal(f"sizeof(struct {name})", length) for name, length in lengths.items()]
    lines.append(equal("__builtin_offsetof(struct btf_header, str_len)", offset))
    compiles(lines)


def test_a_wrong_number_would_be_detected():
    with pytest.raises(AssertionError, match="BTF_KIND_INT is not 2"):
        compiles([equal("BTF_KIND_INT", 2)])
