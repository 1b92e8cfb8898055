"""What the kernel refuses without a verifier: each rule is provoked, and is the one found."""

import resource
import signal
from pathlib import Path

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.cli.main import main
from rawbpf.collection.collection import Collection
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.write import encode_object
from rawbpf.errors import KernelError, VerifierError
from rawbpf.kernel.memlock import raise_memlock_if_needed
from rawbpf.kernel.version import kernel_version
from rawbpf.maps.map import Map
from rawbpf.programs.load import load
from rawbpf.refusals.calls import smallest, wants_more
from rawbpf.refusals.explain import explain, refused
from rawbpf.source.assembler import assemble
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall import bpf
from rawbpf.syscall.attr import Attr
from rawbpf.syscall.capset import without_capabilities
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_flags, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad
from rawbpf.uapi.map_sizes import SIZES
from rawbpf.uapi.prog_rights import ATTACH_TYPES, NET_ADMIN, NET_ADMIN_MAPS, PERFMON, TARGETED
from rawbpf.uapi.syscall_nr import SYSCALL_NR
from tests.kernel.conftest import IN_GUEST
from tests.support.denied import deny_by_seccomp, in_child, leave_user_namespace
from tests.support.refused_types import NEWER, REFUSED

pytestmark = pytest.mark.no_probe

M, P, A, F = bpf_map_type, bpf_prog_type, bpf_attach_type, bpf_map_flags
VERSION = kernel_version()


@pytest.fixture(scope="module", autouse=True)
def _memory():
    raise_memlock_if_needed()


def two():
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    return b.build()


def program(kind, **more):
    return ProgramSpec("two", kind, two(), **more)


def note(error):
    """The explanation of an error, which has to be complete."""
    found = error.explanation
    assert found.code, found.sentence
    assert f"[{found.code}]" in str(error)
    assert error.call in found.asked[0]
    assert found.finding.change
    return found


def refusal(work):
    with pytest.raises(KernelError) as caught:
        work()
    return note(caught.value)


def map_refusal(spec, **more):
    return refusal(lambda: Map.create(spec, **more).close())


def load_refusal(spec):
    with pytest.raises(KernelError) as caught:
        load(spec, {}).close()
    assert not isinstance(caught.value, VerifierError)
    return note(caught.value)


# Maps: what is asked for, the rule, and the field that mends it.
MAPS = {
    "no such type": (MapSpec("m", 777, 4, 8, 1), "RB-E020", None),
    "array: key": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 8, 8, 1), "RB-E021", "key_size"),
    "hash: no key": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 0, 8, 1), "RB-E021", "key_size"),
    "queue: a key": (MapSpec("m", M.BPF_MAP_TYPE_QUEUE, 4, 8, 1), "RB-E021", "key_size"),
    "trie: key": (
        MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E021", "key_size",
    ),
    "array: no value": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 0, 1), "RB-E022", "value_size"),
    "programs: value": (MapSpec("m", M.BPF_MAP_TYPE_PROG_ARRAY, 4, 8, 1), "RB-E022", "value_size"),
    "stacks: value": (MapSpec("m", M.BPF_MAP_TYPE_STACK_TRACE, 4, 12, 1), "RB-E022", "value_size"),
    "per CPU: value": (
        MapSpec("m", M.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 40_000, 1), "RB-E022", "value_size",
    ),
    "ring: 5000": (MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 0, 0, 5000), "RB-E023", "max_entries"),
    "ring: 3 pages": (MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 0, 0, 12288), "RB-E023", "max_entries"),
    "array: nothing": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 0), "RB-E023", "max_entries"),
    "cgroup: entries": (
        MapSpec("m", M.BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 1), "RB-E023", "max_entries",
    ),
    "trie: flag": (MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1), "RB-E024", "map_flags"),
    "array: flag": (
        MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E024", "map_flags",
    ),
    "lru: flag": (
        MapSpec("m", M.BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E024", "map_flags",
    ),
    "read and write only": (
        MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 1, F.BPF_F_RDONLY | F.BPF_F_WRONLY), "RB-E024",
        "map_flags",
    ),
    "trie: key and flag": (
        MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 4, 8, 1), "RB-E021", "key_size map_flags",
    ),
    "ring: all of it": (
        MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 4, 8, 100), "RB-E021",
        "key_size value_size max_entries",
    ),
    "array: extra": (
        MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, map_extra=1), "RB-E028", "map_extra",
    ),
    "hash: NUMA": (
        MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 1, F.BPF_F_NUMA_NODE, numa_node=9999), "RB-E028",
        "numa_node",
    ),
    "no inner": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1), "RB-E025", None),
    "entries": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 0xFFFFFFFF), "RB-E026", "max_entries"),
    "value": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 1 << 26, 1), "RB-E026", None),
    "storage: types": (
        MapSpec("m", M.BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, F.BPF_F_NO_PREALLOC), "RB-E027", None,
    ),
    "struct_ops": (MapSpec("m", M.BPF_MAP_TYPE_STRUCT_OPS, 4, 8, 1), "RB-E027", None),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "code", "field"), MAPS.values(), ids=MAPS)
def test_maps(spec, code, field):
    found = map_refusal(spec)
    if spec.map_extra and VERSION < (5, 16):
        code = "RB-E015"  # there is no such field yet, for any type
    assert found.code == code, found.sentence
    if field is not None:
        assert list(found.patch.fields) == field.split()
        assert found.trial.accepted


def test_what_else_is_wrong_is_told_too():
    found = map_refusal(MapSpec("m", M.BPF_MAP_TYPE_ARRAY_OF_MAPS, 8, 8, 1))
    assert list(found.patch.fields) == ["key_size", "value_size"]
    assert [one.text[:8] for one in found.finding.evidence] == ["besides,", "besides,"]
    assert "was given no map" in found.finding.evidence[1].text
    assert not found.trial.accepted


def test_inner_maps():
    array, of_maps = M.BPF_MAP_TYPE_ARRAY, M.BPF_MAP_TYPE_ARRAY_OF_MAPS
    outer = MapSpec("o", of_maps, 4, 4, 1)
    with (
        Map.create(MapSpec("p", M.BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1)) as programs,
        Map.create(MapSpec("i", array, 4, 4, 1)) as inner,
        Map.create(outer, inner=inner) as nested,
    ):
        assert "cannot be in a map" in map_refusal(outer, inner=programs).sentence
        assert map_refusal(outer, inner=nested).code == "RB-E025"
    with pytest.raises(KernelError) as caught:
        bpf.map_create(BpfAttrMapCreate(of_maps, 4, 4, 1, inner_map_fd=999))
    assert "no open descriptor" in note(refused("cannot create map 'o'", caught.value)).sentence


def exists(spec):
    """Whether the map is made, or else the kernel has no such type."""
    try:
        Map.create(spec).close()
    except KernelError as error:
        return error.explanation.code != "RB-E020"
    return True


def test_the_sizes_are_those_of_this_kernel():
    """Of each type that can be made alone: the table's are taken, one byte more is not."""
    for kind, sizes in SIZES.items():
        key = sizes.key[0] if sizes.key else 8
        value = sizes.value[0] if sizes.value else 8
        spec = MapSpec("m", kind, key, value, smallest(kind), sizes.need)
        if wants_more(kind) or not exists(spec):
            continue
        if sizes.key and kind is not M.BPF_MAP_TYPE_CGROUP_STORAGE:
            assert map_refusal(spec._replace(key_size=key + 1)).code == "RB-E021", kind
        if sizes.value:
            assert map_refusal(spec._replace(value_size=value + 1)).code == "RB-E022", kind


def test_programs():
    assert load_refusal(program(777)).code == "RB-E011"
    expected = {"expected_attach_type": A.BPF_CGROUP_INET6_BIND}
    found = load_refusal(program(P.BPF_PROG_TYPE_CGROUP_SKB, **expected))
    assert (found.code, found.trial.accepted) == ("RB-E012", True)
    assert found.patch.lines()[-1] == "+ expected_attach_type = BPF_CGROUP_INET_INGRESS"
    found = load_refusal(program(P.BPF_PROG_TYPE_XDP, prog_flags=1 << 20))
    assert (found.code, found.trial.accepted) == ("RB-E014", True)
    nothing = Builder("none").build()
    spec = ProgramSpec("none", P.BPF_PROG_TYPE_XDP, nothing)
    assert "has no instructions" in load_refusal(spec).sentence


def raw_load(**fields):
    """A refusal of the call itself, as a program that makes it would see it."""
    code = two().encode()
    struct = BpfAttrProgLoad(**{"prog_type": P.BPF_PROG_TYPE_XDP, "insn_cnt": 2, **fields})
    attr = Attr(struct).point("insns", code).point("license", b"GPL\0")
    with pytest.raises(KernelError) as caught:
        bpf.prog_load(attr.ends_at("prog_name"), "two").close()
    return note(refused("cannot load it", caught.value))


def test_programs_by_the_call_itself():
    assert raw_load(log_level=64, log_size=4096, log_buf=4096).code == "RB-E016"
    assert raw_load(attach_btf_id=5).code == "RB-E013"
    found = raw_load(prog_type=P.BPF_PROG_TYPE_STRUCT_OPS)
    assert found.code == "RB-E017"
    assert raw_load(insn_cnt=1_000_001).code == "RB-E010"


def test_attach_types_are_those_of_this_kernel():
    """Each type takes those of the table, as far as this kernel knows them, and no other."""
    for kind, taken in ATTACH_TYPES.items():
        tried = (*taken[:2], A.BPF_TRACE_ITER)
        said = {one: held(program(kind, expected_attach_type=one)) for one in tried}
        if set(said.values()) == {"RB-E011"}:
            continue  # this kernel has no such type
        if kind is not P.BPF_PROG_TYPE_SK_REUSEPORT or VERSION >= (5, 14):
            assert list(said.values()) == [*("" for _ in taken[:2]), "RB-E012"], kind


def test_a_field_of_a_later_kernel():
    """Each kernel of the matrix but the newest lacks one of these."""
    fields = {"map_extra": 7, "value_type_btf_obj_fd": 3}
    since = {"map_extra": (5, 16), "value_type_btf_obj_fd": (6, 9)}
    for name, value in fields.items():
        struct = BpfAttrMapCreate(M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, **{name: value})
        try:
            bpf.map_create(struct).close()
        except KernelError as error:
            found = refused("cannot create map 'm'", error)
            if since[name] > VERSION:
                assert note(found).code == "RB-E015"
                assert found.explanation.trial.accepted
            else:
                assert found.explanation.code != "RB-E015"
        else:
            assert since[name] <= VERSION


def held(spec, *lacking):
    """The code of a load without some capabilities; "" if it is taken."""
    try:
        with without_capabilities(("CAP_SYS_ADMIN", *lacking)):
            load(spec, {}).close()
    except KernelError as error:
        return error.explanation.code
    return ""


def test_each_capability_is_asked_of_the_types_in_the_table():
    for kind in set(P) - TARGETED - {P.BPF_PROG_TYPE_UNSPEC, P.BPF_PROG_TYPE_SYSCALL}:
        attach = ATTACH_TYPES.get(kind, (None,))[0]
        spec = program(kind, expected_attach_type=attach)
        whole = held(spec)
        if whole:
            assert whole == "RB-E011"  # this kernel has no such type
            continue
        lacks = {
            one: held(spec, one) == "RB-E002" for one in ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN")
        }
        expected = {
            "CAP_BPF": True,
            "CAP_PERFMON": kind in PERFMON,
            "CAP_NET_ADMIN": kind in NET_ADMIN,
        }
        assert lacks == expected, kind
    for kind in NET_ADMIN_MAPS:
        spec = MapSpec("m", kind, 4, 4, 1)
        with without_capabilities(("CAP_SYS_ADMIN", "CAP_NET_ADMIN")):
            found = map_refusal(spec)
        assert found.code == "RB-E002"
        assert "CAP_NET_ADMIN" in found.sentence


def told():
    """What a refused map says."""
    try:
        Map.create(MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 1 << 20, 4)).close()
    except KernelError as error:
        return f"{error.explanation.code} {error}"
    return "accepted"


def test_a_user_namespace():
    def work():
        leave_user_namespace()
        return told()

    said = in_child(work)
    assert said.startswith("RB-E001 "), said
    assert "user namespace" in said


def test_a_seccomp_filter():
    def work():
        deny_by_seccomp(SYSCALL_NR["x86_64"]["bpf"], 1)
        return told()

    said = in_child(work)
    assert said.startswith("RB-E004 "), said


def test_the_limit_of_locked_memory():
    def work():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 16, 1 << 16))
        with without_capabilities(["CAP_SYS_RESOURCE"]):
            raise_memlock_if_needed()
            return told()

    said = in_child(work)
    if VERSION < (5, 11):
        assert said.startswith("RB-E003 "), said
        assert "64 kB" in said
    else:
        assert said == "accepted"


DENY = """
.license "GPL"
.program deny, "lsm/bpf"
        r1 = *(u64 *)(r1 + 0)
        r0 = 0
        if r1 != 0 goto done
        r0 = -1
done:   exit
"""
"""BPF_MAP_CREATE is command 0."""


def test_a_security_module():
    """One that we load ourselves, where the kernel runs such."""
    modules = Path("/sys/kernel/security/lsm")
    if not IN_GUEST or "bpf" not in modules.read_text().split(","):
        assert not IN_GUEST or VERSION < (6, 1)
        return
    with Collection(assemble(DENY, "deny.bpf.s")) as collection:
        collection.load()
        collection.attach()
        said = told()
    assert said.startswith("RB-E005 "), said


LONG = """
.program long, "xdp"
        r1 = 0
again:  r1 += 1
        if r1 < 200000 goto again
        r0 = 0
        exit
"""


def test_signals():
    """A timer that is faster than the verifier, which is given a loop to walk through."""
    (spec,) = assemble(LONG, "long.bpf.s").programs.values()
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        found = load_refusal(spec)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert found.code == "RB-E018"


def types_refusal(data):
    with pytest.raises(KernelError) as caught:
        bpf.btf_load(data).close()
    error = refused("cannot load the types", caught.value)
    note(error)
    return error


def test_types():
    for name, (code, data) in REFUSED.items():
        error = types_refusal(data)
        assert error.explanation.code == code, (name, error.explanation.sentence, error.details)
    for name, (code, data, since) in NEWER.items():
        error = types_refusal(data)
        wanted = code if since <= VERSION else "RB-T006"
        assert error.explanation.code == wanted, (name, error.explanation.sentence, error.details)


OBJECT = """
.map hits, array, key=u32, value=u64, entries=16
.program counting, "xdp"
        r0 = 0
        exit
"""


def test_types_of_an_object(capsys, tmp_path):
    """From the bytes of a file to the line on the screen: a function with a name that C has not."""
    data = encode_object(assemble(OBJECT, "hits.bpf.s"))
    types = ObjectFile(data).section(".BTF").contents
    assert types.count(b"\0counting\0") == 1
    file = tmp_path / "hits.bpf.o"
    file.write_bytes(data.replace(types, types.replace(b"counting", b"c<u>ting")))
    with pytest.raises(KernelError) as caught, Collection.from_bytes(file.read_bytes(), "x") as one:
        one.load()
    found = note(caught.value)
    assert found.sentence == "function c<u>ting has a name that it cannot have"
    assert "is int c<u>ting(void *ctx)" in found.finding.evidence[0].text
    assert main(["load", str(file)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        "rawbpf: cannot load the object's types: function c<u>ting has a name that"
    )
    assert "FUNC c<u>ting type_id=" in said


def test_types_that_are_too_many():
    error = types_refusal(bytes((16 << 20) + 1))
    assert error.explanation.code == "RB-E026"


def test_a_refusal_that_nobody_knows_says_so():
    struct = BpfAttrMapCreate(M.BPF_MAP_TYPE_HASH, 4, 8, 1, btf_fd=999, btf_value_type_id=1)
    with pytest.raises(KernelError) as caught:
        bpf.map_create(struct).close()
    found = explain(caught.value)
    assert found.code == ""
    assert "EBADF" in found.sentence
    assert "btf_fd=999" in found.asked[0]
