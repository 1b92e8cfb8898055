"""The light enumerations behave as those of enum, in all that rawbpf uses."""

import copy
import enum
import json
import pickle
from types import SimpleNamespace

import pytest

from rawbpf import light_enum
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type


def enumerations(module):
    class Bits(module.IntFlag):
        """Bits."""

        A = 1
        B = 2
        C = 8

    class Numbers(module.IntEnum):
        """Numbers."""

        X = 0
        Y = 5
        Z = 5

    class Texts(module.StrEnum):
        K = "k"
        R = "r.multi"

    return SimpleNamespace(Bits=Bits, Numbers=Numbers, Texts=Texts)


LIGHT, REAL = enumerations(light_enum), enumerations(enum)


def outcome(expression, names, value):
    try:
        return repr(eval(expression, {"json": json, **vars(names)}, {"v": value}))
    except (TypeError, ValueError, KeyError) as error:
        return type(error)


CLASSES = (
    "list({0})",
    "len({0})",
    "dict({0}.__members__)",
    "{0}.__doc__",
    "{0}.__name__",
    "[str(one) for one in {0}]",
    "[f'{{one}} {{one:>5}}' for one in {0}]",
    "[one.name for one in {0}]",
    "[one.value for one in {0}]",
    "[hash(one) == hash(one.value) for one in {0}]",
    "json.dumps(list({0}))",
    "sorted({0})",
)


@pytest.mark.parametrize("name", ["Bits", "Numbers", "Texts"])
@pytest.mark.parametrize("expression", CLASSES)
def test_classes(expression, name):
    expression = expression.format(name)
    expected = outcome(expression, REAL, None)
    assert isinstance(expected, str)
    assert outcome(expression, LIGHT, None) == expected


FLAGS = (
    "Bits(v)",
    "Bits(v).name",
    "Bits.A | v",
    "v | Bits.B",
    "Bits(v) & 9",
    "3 & Bits(v)",
    "Bits(v) ^ Bits.C",
    "list(Bits(v))",
    "Bits.B in Bits(v)",
    "str(Bits(v))",
    "bool(Bits(v))",
)


@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 5, 8, 11, 16, 1 << 30])
@pytest.mark.parametrize("expression", FLAGS)
def test_flags(expression, value):
    assert outcome(expression, LIGHT, value) == outcome(expression, REAL, value)


def test_the_complement_keeps_bits_without_a_name():
    unknown = 1 << 30
    assert LIGHT.Bits(unknown | 3) & ~LIGHT.Bits.B == unknown | 1


@pytest.mark.parametrize(
    "expression", ["Numbers(v)", "Numbers(v) is Numbers.Y", "Numbers[v]", "Texts(v)", "Texts[v]"]
)
@pytest.mark.parametrize("value", [0, 5, 6, "X", "Z", "k", "K", ""])
def test_lookups(expression, value):
    assert outcome(expression, LIGHT, value) == outcome(expression, REAL, value)


def test_the_message_for_an_unknown_value_is_that_of_enum():
    with pytest.raises(ValueError, match=r"^7 is not a valid .*Numbers$"):
        LIGHT.Numbers(7)


def test_values_and_members_are_contained():
    assert 5 in LIGHT.Numbers
    assert LIGHT.Numbers.X in LIGHT.Numbers
    assert 6 not in LIGHT.Numbers


def test_members_are_matched_by_patterns():
    match LIGHT.Texts("k"):
        case LIGHT.Texts.R:
            pytest.fail("another member matched")
        case LIGHT.Texts.K:
            pass


def test_copies_are_the_same_member():
    member = bpf_map_type.BPF_MAP_TYPE_HASH
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member
    both = bpf_map_flags.BPF_F_RDONLY | bpf_map_flags.BPF_F_MMAPABLE
    assert repr(pickle.loads(pickle.dumps(both))) == repr(both)


def test_a_combination_is_an_instance_of_its_class():
    assert isinstance(LIGHT.Bits.A | 2, LIGHT.Bits)
    assert LIGHT.Bits(1) is LIGHT.Bits.A
