"""Run the programs in bpf_src on this kernel, and check what they do.

The C programs were compiled beforehand by two versions of clang (tools/compile-bpf). A comment in
each gives the kernel that it needs. On an older kernel the load must fail, and the error must name
what the kernel lacks.
"""

import ctypes
import errno
import os
import re
import socket
import struct
from contextlib import ExitStack
from multiprocessing import Process
from pathlib import Path

import pytest

from rawbpf.arch import native
from rawbpf.collection.collection import Collection
from rawbpf.collection.object_source import read_object
from rawbpf.errors import AttachError, RawbpfError, UsageError
from rawbpf.events.log_record import decode_log
from rawbpf.kernel.btf import btf_modules
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.pins import unpin
from rawbpf.kernel.version import kernel_version
from rawbpf.programs.program import KernelProgram
from rawbpf.reading.iterator import read_iterator
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.reading.ring_reader import RingReader
from rawbpf.tracing.kprobe import Kprobe
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_VAR
from tests.support.bpf_objects import CLANGS, SOURCES, built
from tests.support.data_symbols import lists_variables

NAMES = sorted(path.name.removesuffix(".bpf.c") for path in SOURCES.glob("*.bpf.c"))
GETENV = struct.Struct("=II32s")
TASK = struct.Struct("=II16s")
NEEDS = re.compile(r"rawbpf: kernel (\d+)\.(\d+)(?:, config (\w+))?(?:, module (\w+))?")
ME = os.getpid()

TRAMPOLINES = ("trampolines", "permissions")
LACKING = {
    "callbacks": r"bpf_loop\(\) needs Linux 5.17",
    "locks": "inner maps support only from Linux 6.2",
    "kernel_names": "failed to find the address for kernel symbol",
    "trampolines": "programs need Linux 6.4 or newer",
    "connections": "no struct bpf_ct_opts; if the type belongs to a module",
    "many_probes": r"bpf_get_func_ip\(\) needs Linux 5.15|built without CONFIG_FPROBE",
    "permissions": r"LSM hook|programs need Linux 6.4 or newer",
    "user_functions": r"bpf_get_func_ip\(\) needs Linux 5.15|attach to \d functions of .*/libc",
}
"""Patterns for the error on kernels that are older than the program needs."""


def lacks(name):
    """Return whether this kernel is too old for the program, or lacks a config option it needs."""
    major, minor, config, module = NEEDS.search((SOURCES / f"{name}.bpf.c").read_text()).groups()
    if kernel_version() < (int(major), int(minor)):
        return True
    if name in TRAMPOLINES and kernel_version() < native().trampolines_since:
        return True
    if name == "kernel_names" and not lists_variables():
        return True
    if module is not None and module not in btf_modules():
        return True
    return config is not None and kernel_config(config) not in ("y", "m")


@pytest.fixture
def opened(kernel):
    """Open objects by name."""
    collections = []

    def open_one(name, clang=CLANGS[-1]):
        collections.append(Collection(read_object(built(name, clang)), kernel))
        return collections[-1]

    yield open_one
    for one in collections:
        one.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_object_of_the_older_compiler_loads(name, opened):
    obj = opened(name, CLANGS[0])
    if lacks(name):
        with pytest.raises(RawbpfError, match=LACKING[name]):
            obj.load(), obj.attach()
    else:
        obj.load()
        assert set(obj.programs) == {n for n, p in obj.spec.programs.items() if p.autoload}


def started(opened, name, **variables):
    """Load and attach an object. Return None if the load fails for the expected reason."""
    obj = opened(name)
    for variable, value in variables.items():
        obj.rodata[variable] = value
    if lacks(name):
        with pytest.raises(RawbpfError, match=LACKING[name]):
            obj.load(), obj.attach()
        return None
    obj.load()
    obj.attach()
    return obj


def u32(*numbers):
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def u64s(data):
    return list(memoryview(data).cast("Q"))


def test_syscall_pairs(opened):
    obj = started(opened, "syscall_pairs", target_pid=ME)
    for _ in range(3):
        os.getppid()
    obj.detach()
    os.getppid()
    assert u64s(obj.maps["counts"].lookup(u32(ME))) == [3]
    assert list(obj.maps["calls"].raw_keys()) == []
    assert 0 < obj.data["shortest_ns"] <= obj.bss["longest_ns"]
    assert obj.bss["wrapped"] == 1
    assert obj.rodata["label"] == b"getppid"


def test_core_fields(opened, kernel):
    obj = started(opened, "core_fields")
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    value = obj.maps["forks"].lookup(u32(pid))
    parent, child, grandparent, state, _, _ = memoryview(value).cast("I")
    in_execve, has_arena, has_never, renamed = value[16:20]
    assert (parent, child, grandparent) == (ME, pid, os.getppid())
    assert (state, in_execve, has_never) == (0, 0, 0)
    task = kernel.types.find("task_struct")
    enum = kernel.types.find("bpf_map_type")
    assert has_arena == ("BPF_MAP_TYPE_ARENA" in dict(enum.values))
    assert renamed == any(member.name == "__state" for member in task.members)
    assert u32(task.size) == value[20:24]
    assert obj.bss["kernel_type"] == kernel.types.find_id("task_struct")
    assert obj.bss["raw_forks"] >= 1


def test_hello_kprobe_in_c_sends_the_records_of_the_assembly(opened, kernel):
    """While both are attached, each call adds a record and a count to each of them."""
    assembled = Collection(read_object(SOURCES / "hello_kprobe.bpf.s"), kernel)
    compiled = opened("hello_kprobe")
    with ExitStack() as stack:
        stack.enter_context(assembled)
        readers = []
        for one in (assembled, compiled):
            one.load()
            readers.append(stack.enter_context(PerfReader(one.maps["events"])))
        for one in (assembled, compiled):
            one.attach({"hello_kprobe": "do_sys_openat2"})
        for reader in readers:
            list(reader.drain())  # drop the events that attaching the second program caused
        before = [sent(one) for one in (assembled, compiled)]
        for _ in range(5):
            os.close(os.open("/dev/null", os.O_RDONLY))
        first, second = (logs_of(reader) for reader in readers)
        counts = [sent(one) - was for one, was in zip((assembled, compiled), before, strict=True)]
    assert first == second
    assert [one.message for one in first] == ["kprobe triggered!"] * 5
    assert min(counts) >= 5


def sent(obj):
    """Return how many records fitted into the rings of all CPUs."""
    return sum(u64s(obj.maps["outcomes"].lookup(u32(0))))


def logs_of(reader):
    """Return our own records in a fixed order, without fields that differ between runs."""
    data = [sample for drained in reader.drain() for sample in drained.contents.samples]
    logs = [one._replace(ktime_ns=0, cpu=0) for one in map(decode_log, data)]
    return sorted(one for one in logs if one.pid == ME)


def test_task_iterator(opened):
    obj = started(opened, "task_iterator")
    rows = list(TASK.iter_unpack(b"".join(read_iterator(obj.links["list_tasks"]))))
    comm = Path("/proc/self/comm").read_bytes().strip()
    assert (ME, ME, comm) in [(pid, tgid, name.rstrip(b"\0")) for pid, tgid, name in rows]
    assert (1, 1) in [row[:2] for row in rows]
    assert obj.bss["seen"] == len(rows)


def test_trampolines(opened):
    obj = started(opened, "trampolines", target_pid=ME)
    if obj is None:
        return
    for count in ("entered", "succeeded", "failed", "returned"):
        obj.bss[count] = 0  # attaching the other programs opened files, too
    os.close(os.open("/dev/null", os.O_RDONLY))
    with pytest.raises(FileNotFoundError):
        os.open("/nowhere", os.O_RDONLY)
    obj.detach()
    assert obj.bss["entered"] == 2
    assert (obj.bss["succeeded"], obj.bss["failed"], obj.bss["returned"]) == (1, 1, 1)
    assert obj.skipped["enter_sleepable"] == "not loaded (optional)"


def test_permissions(opened, tmp_path):
    obj = started(opened, "permissions", denied_pid=ME)
    if obj is None:
        return
    folder = tmp_path / "folder"
    if "bpf" in Path("/sys/kernel/security/lsm").read_text().split(","):
        with pytest.raises(PermissionError):
            folder.mkdir()
        assert obj.bss["denied"] == 1
    obj.links.pop("deny_mkdir").close()
    folder.mkdir()
    with pytest.raises(OSError, match="not empty"):
        folder.rmdir()
    obj.detach()
    folder.rmdir()


def packet(*first):
    """Return fourteen bytes of Ethernet header, followed by these bytes."""
    return bytes(14) + bytes(first).ljust(50, b"\0")


def test_tail_calls(opened):
    obj = started(opened, "tail_calls")
    choose = obj.programs["choose"]
    assert [choose.test_run(packet(slot)).retval for slot in (0, 1, 2, 3)] == [5, 10, 5, 20]


def test_map_in_map(opened):
    obj = started(opened, "map_in_map")
    for length in (60, 61, 63):
        obj.programs["count"].test_run(bytes(length))
    assert [u64s(obj.maps["even"].lookup(u32(i)))[0] for i in range(4)] == [0, 0, 1, 0]
    assert [u64s(obj.maps["odd"].lookup(u32(i)))[0] for i in range(4)] == [0, 0, 1, 1]
    assert obj.maps["rawbpf_runs"][0] == 3
    obj.close()
    again = started(opened, "map_in_map")  # the pinned map is the same; the others are new
    assert (again.maps["rawbpf_runs"][0], again.maps["odd"][3]) == (3, 0)
    unpin("/sys/fs/bpf/rawbpf_runs")


def test_callbacks(opened):
    obj = started(opened, "callbacks")
    if obj is not None:
        obj.programs["sum_of_squares"].test_run(bytes(64))
        assert obj.bss["total"] == sum(i * i for i in range(8))


def traffic_of(obj):
    """Return (packets, bytes) at each of the five points."""
    totals = []
    for place in range(5):
        values = u64s(obj.maps["traffic"].lookup(u32(place)))
        totals.append((sum(values[::2]), sum(values[1::2])))
    return totals


def test_packets(opened):
    obj = started(opened, "packets")
    assert set(obj.skipped) == set(obj.programs)  # no section names an interface
    for name in ("at_xdp", "at_tc", "at_cgroup_in", "at_cgroup_out", "at_socket"):
        obj.programs[name].test_run(bytes(64))
    assert traffic_of(obj) == [(1, 64), (1, 64), (1, 50), (1, 50), (1, 50)]


def test_packets_of_an_interface(opened):
    obj = started(opened, "packets")
    obj.attach({"at_xdp": "lo"})
    links = kernel_version() >= (6, 6)
    if links:
        obj.attach({"at_tc": "lo"})
    else:
        with pytest.raises(AttachError, match="tc filter add"):
            obj.attach({"at_tc": "lo"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for _ in range(3):
            one.sendto(b"here", ("127.0.0.1", 9))
    obj.detach()
    (xdp, _), (tc, _), *_ = traffic_of(obj)
    assert xdp >= 3
    assert tc >= 3 if links else tc == 0


def test_stacks(opened):
    obj = started(opened, "stacks")
    samples = obj.maps["samples"]
    while not any(pid == ME for pid, _ in map(pid_and_chain, samples.raw_keys())):
        sum(range(10_000))  # run until the clock has sampled this process
    obj.detach()
    chains = [chain for _, chain in map(pid_and_chain, samples.raw_keys()) if chain >= 0]
    assert any(obj.maps["chains"].lookup(u32(chain)) for chain in chains) or not chains


def pid_and_chain(key):
    return int.from_bytes(key[:4], "little"), int.from_bytes(key[4:], "little", signed=True)


def test_kernel_names(opened, kernel):
    obj = started(opened, "kernel_names")
    if obj is None:
        return
    os.getppid()
    obj.detach()
    version = kernel_version()
    assert obj.bss["version"] == version.major << 16 | version.minor << 8 | min(version.patch, 255)
    assert obj.bss["hz"] == int(kernel_config("CONFIG_HZ"))
    assert obj.bss["with_bpf"] == 1
    assert obj.bss["xfs"] == {"n": 0, "y": 1, "m": 2}[kernel_config("CONFIG_XFS_FS")]
    assert obj.bss["address"] == kernel.address("bpf_prog_put")
    assert (obj.data["never"], obj.data["absent"]) == (0, 0)
    typed = kernel.types.find_id("bpf_prog_active", BTF_KIND_VAR) is not None
    assert obj.data["active"] == (0 if typed else 1)
    obj.programs["call_kfunc"].test_run(bytes(64))
    assert obj.bss["has_kfunc"] == (kernel.types.find_id("bpf_rcu_read_lock") is not None)


def test_user_function(opened):
    obj = started(opened, "user_function")
    libc = ctypes.CDLL(None)
    with PerfReader(obj.maps["events"]) as reader:
        libc.getenv(b"RAWBPF_NEVER_WAS")
        libc.getenv(b"PATH")
        records = [one for drained in reader.drain() for one in drained.contents.samples]
    # perf pads a record to a multiple of eight bytes.
    asked = [GETENV.unpack_from(record) for record in records]
    asked = sorted((pid, found, name.rstrip(b"\0")) for pid, found, name in asked)
    assert asked == [(ME, 0, b"RAWBPF_NEVER_WAS"), (ME, 1, b"PATH")]


def test_user_functions(opened):
    obj = started(opened, "user_functions", target_pid=ME)
    if obj is not None:
        libc = ctypes.CDLL(None)
        for function in (libc.getuid, libc.getuid, libc.geteuid, libc.getgid):
            function()
        obj.detach()
        libc.getuid()
        address = ctypes.cast(libc.getuid, ctypes.c_void_p).value
        other = ctypes.cast(libc.geteuid, ctypes.c_void_p).value
        hits = obj.maps["hits"]
        assert {key: u64s(hits.lookup(key)) for key in hits.raw_keys()} == {
            address.to_bytes(8, "little"): [2],
            other.to_bytes(8, "little"): [1],
        }
        assert obj.bss["returns"] == 3


def test_many_probes(opened):
    obj = started(opened, "many_probes")
    if obj is not None:
        Path("/").stat()
        obj.detach()
        assert (
            sum(u64s(obj.maps["hits"].lookup(key))[0] for key in list(obj.maps["hits"].raw_keys()))
            > 0
        )
        assert obj.bss["returns"] > 0


def test_connections(opened, kernel):
    obj = started(opened, "connections")
    if obj is None:
        return
    types = kernel.modules["nf_conntrack"]
    with RingReader(obj.maps["events"]) as reader:
        assert obj.programs["note"].test_run(bytes(64)).retval == 0
        records = [one for drained in reader.drain() for one in drained.contents.samples]
    insert, lookup = (1, 6, 0, 0), (2, 6, 0, 1)
    missed = (2, 6, -errno.ENOENT, 0)
    assert [struct.unpack("IIiI", one) for one in records] == [insert, lookup, missed]
    assert obj.bss["opts_type"] == types.find_id("bpf_ct_opts")
    assert obj.bss["opts_size"] == types.find("bpf_ct_opts").size
    assert obj.bss["hash_address"] == kernel.address("nf_conntrack_hash")
    # If x_tables is loaded, recseq was read from its variable, which is 0.
    assert obj.data["recseq"] == ("x_tables" not in kernel.modules)


@pytest.fixture
def one_cpu():
    """Run on the first CPU only, because counters are per CPU."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    yield
    os.sched_setaffinity(0, mine)


@pytest.mark.usefixtures("one_cpu")
def test_drop_every_third(kernel):
    kinds = ("8100", "0800", "0806")
    vlan, ipv4, arp = (bytes(12) + bytes.fromhex(kind) + bytes(50) for kind in kinds)
    with Collection(read_object(SOURCES / "drop_every_third.bpf.s"), kernel) as obj:
        obj.load()
        run = obj.programs["drop_every_third"].test_run
        packets = [ipv4, vlan, ipv4, arp, vlan, ipv4, vlan, bytes(14)]
        assert [run(packet).retval for packet in packets] == [2, 2, 1, 2, 2, 2, 1, 2]


def test_callback(kernel):
    with Collection(read_object(SOURCES / "callback.bpf.s"), kernel) as obj:
        if kernel_version() < (5, 17):
            with pytest.raises(RawbpfError, match="loop"):
                obj.load()
            return
        obj.load()
        assert obj.programs["callback"].test_run(bytes(14)).retval == sum(range(100))


def test_locks_protect_globals_and_values_of_inner_maps(opened):
    obj = opened("locks")
    if lacks("locks"):
        with pytest.raises(RawbpfError, match=LACKING["locks"]):
            obj.load()
        return
    obj.load()
    for _ in range(3):
        obj.programs["count"].test_run(bytes(64))
    assert obj.bss["packets"] == 3
    assert obj.maps["first"].lookup(bytes(4))[4:8] == (3).to_bytes(4, "little")
    with pytest.raises(UsageError, match=r"section \.data\.lock contains a lock"):
        obj.section_of("lock")["lock"]


def test_a_program_calls_the_flavour_with_the_kernels_prototype(opened):
    obj = opened("flavours")
    obj.load()
    obj.attach()
    child = Process(target=len, args=("",))
    child.start()
    child.join()
    child.close()
    exists = obj.kernel.require_types().find_id("bpf_task_acquire", BTF_KIND_FUNC) is not None
    assert (obj.bss["by_task"] > 0) == exists
    assert obj.bss["by_pid"] == 0


def test_open_and_closed_objects_say_what_they_are(opened):
    obj = started(opened, "open_ring")
    events, program = obj.events("events"), KernelProgram.from_id(obj.programs["open"].info().id)
    assert repr(events) == "<Events of events>"
    events.close()
    assert repr(events) == "<Events of events, closed>"
    assert repr(program).startswith("<KernelProgram prog:")
    program.close()
    assert repr(program).endswith(", closed>")
    with Kprobe("vfs_read") as probe:
        assert repr(probe) == "<Kprobe kprobe vfs_read: attached>"
    assert repr(probe) == "<Kprobe kprobe vfs_read: not attached>"
