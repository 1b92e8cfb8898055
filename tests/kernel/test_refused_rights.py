"""Provoke each cause of EPERM; the explanation must name it."""

import resource
from pathlib import Path

import pytest

from rawbpf.arch import native
from rawbpf.collection.collection import Collection
from rawbpf.errors import KernelError
from rawbpf.kernel.version import kernel_version, raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.source.assembler import assemble
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall.capset import without_capabilities
from rawbpf.uapi.bpf import bpf_map_type, bpf_prog_type
from rawbpf.uapi.capability import ATTACH_TYPES, NET_ADMIN, NET_ADMIN_MAPS, PERFMON, TARGETED
from tests.kernel.conftest import IN_GUEST
from tests.support.denied import deny_by_seccomp, in_child, leave_user_namespace
from tests.support.refusals import held, map_refusal, program

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]

M, P = bpf_map_type, bpf_prog_type
VERSION = kernel_version()


def test_each_program_type_needs_the_capabilities_in_the_table():
    for kind in set(P) - TARGETED - {P.BPF_PROG_TYPE_UNSPEC, P.BPF_PROG_TYPE_SYSCALL}:
        attach = ATTACH_TYPES.get(kind, (None,))[0]
        spec = program(kind, expected_attach_type=attach)
        whole = held(spec)
        if whole:
            assert whole == "RB-E011"  # this kernel lacks the type
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
    """Return the explanation of a map that cannot be created."""
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


def test_a_seccomp_filter_that_denies_another_call_is_not_blamed():
    def work():
        deny_by_seccomp(native().syscalls["perf_event_open"], 1)
        return told()

    assert in_child(work) == "accepted"


def test_a_seccomp_filter():
    def work():
        deny_by_seccomp(native().syscalls["bpf"], 1)
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
    """A security module that we load, on kernels that support BPF LSM."""
    modules = Path("/sys/kernel/security/lsm")
    if not IN_GUEST or "bpf" not in modules.read_text().split(","):
        assert not IN_GUEST or VERSION < (6, 1)
        return
    with Collection(assemble(DENY, "deny.bpf.s")) as collection:
        collection.load()
        collection.attach()
        said = told()
    assert said.startswith("RB-E005 "), said
