"""Relocation of single instructions with hand-made types."""

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import LD_IMM64, CoreRelocation, Instruction, Reference
from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.core_relo import Targets, relocate
from rawbpf.core_relo.patch import POISON
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.uapi.btf import bpf_core_relo_kind as k
from tests.support.btf_records import blob

U32, S32, U64 = t.Int("u32", 4, 32), t.Int("s32", 4, 32, 1), t.Int("u64", 8, 64)
MOV, ADD, LOAD32, STORE32, CALL = 0xB7, 0x07, 0x61, 0x63, 0x85
EXIT = Instruction(0x95)


def btf(*records, base=None):
    """Return types with the IDs 1, 2, ...; those of a module follow its base's."""
    return Btf(blob(*records, base=base), base)


def struct(name, *members, size=64):
    """Return a struct of members given as (name, type ID, offset in bytes)."""
    return t.Struct(name, size, tuple(t.Member(n, i, 8 * at) for n, i, at in members))


def one(local, targets, instruction, kind=k.BPF_CORE_FIELD_BYTE_OFFSET, access="0:0", type_id=2):
    """Relocate one instruction and return the result."""
    waiting = instruction._replace(relocation=CoreRelocation(kind, type_id, access))
    code = Bytecode("p", (waiting, EXIT))
    (result,) = relocate(code, local, targets).results
    return result


LOCAL = btf(U32, struct("task", ("pid", 1, 8)))
KERNEL = btf(U32, struct("task", ("flags", 1, 0), ("pid", 1, 20)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Instruction(LOAD32, 0, 1, 8), Instruction(LOAD32, 0, 1, 20)),
        (Instruction(STORE32, 1, 0, 8), Instruction(STORE32, 1, 0, 20)),
        (Instruction(MOV, 1, 0, 0, 8), Instruction(MOV, 1, 0, 0, 20)),
        (Instruction(ADD, 1, 0, 0, 8), Instruction(ADD, 1, 0, 0, 20)),
        (Instruction(LD_IMM64, 1, 0, 0, 8), Instruction(LD_IMM64, 1, 0, 0, 20)),
    ],
)
def test_an_offset_replaces_the_old_one_in_every_kind_of_instruction(before, after):
    result = one(LOCAL, Targets(KERNEL), before)
    assert (result.access, result.local, result.target) == ("struct task::pid", 8, 20)
    assert (result.before, result.after) == (before, after)
    assert result.candidate == "[2] struct task"


@pytest.mark.parametrize(
    "instruction",
    [Instruction(LOAD32, 0, 1, 4), Instruction(MOV, 1, 0, 0, 9), Instruction(0xBF, 1, 2), EXIT],
)
def test_an_instruction_without_the_expected_number_is_an_error(instruction):
    with pytest.raises(FormatError, match=r"struct task::pid: a CO-RE relocation "):
        one(LOCAL, Targets(KERNEL), instruction)


def test_an_offset_above_16_bits_is_an_error_in_a_load():
    far = btf(U32, struct("task", ("pid", 1, 40_000), size=50_000))
    with pytest.raises(FormatError, match="offset 40000 does not fit"):
        one(LOCAL, Targets(far), Instruction(LOAD32, 0, 1, 8))
    assert one(LOCAL, Targets(far), Instruction(MOV, 1, 0, 0, 8)).target == 40_000


@pytest.mark.parametrize(
    ("here", "there", "after"),
    [
        (U32, U64, Instruction(0x79, 0, 1, 16)),  # unsigned: the width follows the field
        (U64, U32, Instruction(0x61, 0, 1, 16)),
        (t.Ptr(0), U64, None),  # not a pointer anymore: the member does not match
        (S32, U64, None),
        (U32, t.Int("s64", 8, 64, 1), None),
    ],
)
def test_a_load_gets_the_width_of_its_field_or_is_poisoned(here, there, after):
    local, kernel = btf(here, struct("s", ("x", 1, 8))), btf(there, struct("s", ("x", 1, 16)))
    width = 0x61 if here.kind == U32.kind and here.size == 4 else 0x79
    result = one(local, Targets(kernel), Instruction(width, 0, 1, 8))
    assert result.after == (after or Instruction(CALL, imm=POISON))
    assert bool(result.missing) == (after is None)


def test_a_missing_type_poisons_all_slots_of_an_instruction():
    gone = btf(U32, struct("gone", ("x", 1, 0)))
    record = CoreRelocation(k.BPF_CORE_FIELD_BYTE_OFFSET, 2, "0:0")
    load = Instruction(LD_IMM64, 1)
    events = load._replace(src=1, reference=Reference("map", "m"))
    code = Bytecode("p", (load._replace(relocation=record), events, EXIT))
    done = relocate(code, gone, Targets(KERNEL))
    poison = Instruction(CALL, imm=POISON)
    assert done.code.instructions == (poison, poison, events, EXIT)
    assert done.code.references == {2: Reference("map", "m")}
    assert done.code.slots == code.slots
    assert done.results[0].missing == "this kernel has no struct gone"


def test_flavours_in_the_program_are_ignored():
    local = btf(U32, struct("task___v2", ("pid", 1, 4)), struct("task____", ("pid", 1, 4)))
    assert one(local, Targets(KERNEL), Instruction(MOV, 1, 0, 0, 4)).target == 20
    underscores = one(local, Targets(KERNEL), Instruction(MOV, 1, 0, 0, 4), type_id=3)
    assert underscores.missing == "this kernel has no struct task____"


def test_flavours_in_the_kernel_are_ignored():
    """BTF that describes several kernels at once has flavours."""
    kernel = btf(U32, struct("task___v1", ("id", 1, 0)), struct("task___v2", ("pid", 1, 12)))
    assert one(LOCAL, Targets(kernel), Instruction(LOAD32, 0, 1, 8)).target == 12


def test_members_are_found_in_nested_anonymous_structs():
    kernel = btf(
        U32,
        struct("", ("pid", 1, 4)),
        t.Union("", 8, (t.Member("other", 1, 0), t.Member("", 2, 0))),
        struct("task", ("flags", 1, 0), ("", 3, 8)),
    )
    assert one(LOCAL, Targets(kernel), Instruction(LOAD32, 0, 1, 8)).target == 12


def test_paths_do_not_show_anonymous_members():
    local = btf(U32, struct("", ("pid", 1, 4)), struct("task", ("x", 1, 0), ("", 2, 8)))
    result = one(local, Targets(KERNEL), Instruction(LOAD32, 0, 1, 12), access="0:1:0", type_id=3)
    assert (result.access, result.target) == ("struct task::pid", 20)


@pytest.mark.parametrize(("length", "target"), [(8, 16 + 3 * 4), (3, None), (0, 16 + 3 * 4)])
def test_elements_of_arrays(length, target):
    """An array of 0 elements is a flexible one if it is the last member."""
    local = btf(U32, struct("s", ("a", 3, 4)), t.Array(1, 1, 4))
    kernel = btf(U32, struct("s", ("x", 1, 0), ("a", 3, 16)), t.Array(1, 1, length))
    result = one(local, Targets(kernel), Instruction(LOAD32, 0, 1, 16), access="0:0:3")
    assert (result.access, result.target) == ("struct s::a[3]", target)
    if target is None:
        assert result.missing == "this kernel's struct s::a has no element 3"


def test_pointers_may_point_into_an_array_of_structs():
    result = one(LOCAL, Targets(KERNEL), Instruction(LOAD32, 0, 1, 136), access="2:0")
    assert (result.access, result.target) == ("struct task[2]::pid", 2 * 64 + 20)


def enum(*values, name="colour", kind=t.Enum, size=4, signed=False):
    return kind(name, size, tuple(t.Enumerator(n, v) for n, v in values), signed)


def test_enumerators_may_have_grown_to_64_bits():
    local, wide = btf(enum(("RED", 1))), btf(enum(("RED", 1 << 40), kind=t.Enum64, size=8))
    load = Instruction(LD_IMM64, 1, imm=1)
    result = one(local, Targets(wide), load, k.BPF_CORE_ENUMVAL_VALUE, "0", 1)
    assert (result.access, result.after.imm) == ("enum colour::RED", 1 << 40)


def test_negative_enumerators_in_old_btf():
    """The upper half of the local constant tells whether enumerators are negative."""
    minus = (1 << 64) - 3
    local, kernel = btf(enum(("RED", 0xFFFF_FFFD))), btf(enum(("RED", 0xFFFF_FFFC)))
    load = Instruction(LD_IMM64, 1, imm=minus)
    result = one(local, Targets(kernel), load, k.BPF_CORE_ENUMVAL_VALUE, "0", 1)
    assert result.after.imm == minus - 1
    load = load._replace(imm=0xFFFF_FFFD)
    result = one(local, Targets(kernel), load, k.BPF_CORE_ENUMVAL_VALUE, "0", 1)
    assert result.after.imm == 0xFFFF_FFFC


def test_a_missing_enumerator():
    local, kernel = btf(enum(("RED", 1), ("BLUE", 2))), btf(enum(("RED", 1)))
    load = Instruction(LD_IMM64, 1, imm=1)
    exists = one(local, Targets(kernel), load, k.BPF_CORE_ENUMVAL_EXISTS, "1", 1)
    assert (exists.target, exists.after.imm) == (0, 0)
    value = one(local, Targets(kernel), load._replace(imm=2), k.BPF_CORE_ENUMVAL_VALUE, "1", 1)
    assert value.missing == "this kernel's enum colour has no enumerator BLUE"


def test_modules_are_searched_if_the_image_lacks_the_type():
    module = btf(struct("task", ("pid", 1, 28)), struct("driver", ("x", 1, 4)), base=KERNEL)
    asked = []

    def modules():
        asked.append(True)
        return {"nothing": btf(U64, base=KERNEL), "driver": module}

    local = btf(U32, struct("driver", ("x", 1, 0)))
    assert one(LOCAL, Targets(KERNEL, modules), Instruction(LOAD32, 0, 1, 8)).target == 20
    assert not asked
    result = one(local, Targets(KERNEL, modules), Instruction(LOAD32, 0, 1, 0))
    assert (result.target, result.candidate) == (4, "[4] struct driver of module driver")


def test_only_different_answers_are_ambiguous():
    driver = struct("driver", ("x", 1, 4))
    first, second = btf(driver, base=KERNEL), btf(U64, driver, base=KERNEL)
    third = btf(struct("driver", ("x", 1, 6)), base=KERNEL)
    local = btf(U32, struct("driver", ("x", 1, 0)))
    load = Instruction(LOAD32, 0, 1, 0)
    assert one(local, Targets(KERNEL, lambda: {"a": first, "b": second}), load).target == 4
    with pytest.raises(UnsupportedError) as caught:
        one(local, Targets(KERNEL, lambda: {"a": first, "c": third}), load)
    assert str(caught.value).startswith(
        "struct driver::x is ambiguous on this kernel: 4 in [3] struct driver of module a, "
        "6 in [3] struct driver of module c; "
    )


def test_candidates_are_ruled_out_for_each_flavour_separately():
    kernel = btf(U32, struct("s", ("a", 1, 0), ("b", 1, 4)), struct("s___2", ("a", 1, 8)))
    local = btf(U32, struct("s", ("a", 1, 0)), struct("s___b", ("b", 1, 0)))
    loads = (
        Instruction(LOAD32, 0, 1, 0, relocation=CoreRelocation(kind, type_id, "0:0"))
        for kind, type_id in ((k.BPF_CORE_FIELD_BYTE_OFFSET, 3), (k.BPF_CORE_FIELD_BYTE_OFFSET, 2))
    )
    code = Bytecode("p", (*loads, EXIT))
    with pytest.raises(UnsupportedError, match="struct s::a is ambiguous"):
        relocate(code, local, Targets(kernel))


@pytest.mark.parametrize(
    ("access", "kind", "type_id"),
    [
        ("", 0, 2),
        ("0:x", 0, 2),
        ("-1:0", 0, 2),
        ("0:7", 0, 2),
        ("0:0:0", 0, 2),
        ("0", 0, 99),
        ("0:0", 13, 2),
        ("0:0", int(k.BPF_CORE_TYPE_EXISTS), 2),
        ("0", int(k.BPF_CORE_ENUMVAL_VALUE), 2),
        (":".join(["0"] * 100), 0, 2),
        ("0:" + "9" * 30, 0, 2),
    ],
)
def test_invalid_records_are_errors(access, kind, type_id):
    with pytest.raises(FormatError):
        one(LOCAL, Targets(KERNEL), Instruction(LOAD32, 0, 1, 8), kind, access, type_id)


def test_an_anonymous_type_cannot_be_looked_up():
    local = btf(U32, struct("", ("pid", 1, 8)))
    with pytest.raises(UnsupportedError, match="the type is anonymous"):
        one(local, Targets(KERNEL), Instruction(LOAD32, 0, 1, 8))
    here = one(local, Targets(KERNEL), Instruction(MOV, 1), k.BPF_CORE_TYPE_ID_LOCAL, "0")
    assert (here.target, here.after.imm) == (2, 2)


def test_types_that_contain_themselves_terminate():
    """Damaged types end in an answer or in an error, never in a loop."""
    loop = btf(U32, struct("task", ("", 2, 0)), t.Typedef("t", 3))
    result = one(LOCAL, Targets(loop), Instruction(LOAD32, 0, 1, 8))
    assert result.missing == "this kernel's struct task has no member pid"
    with pytest.raises(FormatError, match="circular"):
        one(loop, Targets(loop), Instruction(MOV, 1), k.BPF_CORE_TYPE_EXISTS, "0", 3)
