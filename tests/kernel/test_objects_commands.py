"""Compare prog, map and link with bpftool's output for the same objects.

All commands run in this process, because starting a process takes longer than the command.
"""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from rawbpf.arch import native
from rawbpf.asm.internal import decode_internal, internal_text
from rawbpf.asm.parse import parse_instruction
from rawbpf.cli.main import main
from rawbpf.collection.collection import Collection
from rawbpf.collection.kernel_facts import KernelFacts
from rawbpf.collection.object_source import read_object
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.version import kernel_version
from rawbpf.links.dispatch import attach
from rawbpf.links.link import Link
from rawbpf.programs.info import count_runs
from rawbpf.specs.program_spec import probe_of
from rawbpf.syscall.bpf_link import link_create_kprobe_multi
from tests.support.bpf_objects import CLANGS, ROOT, built
from tests.support.bpftool import bpftool, instruction_bytes, raw

ME = os.getpid()
AT_XDP, AT_TC, AT_CGROUP_IN = 0, 1, 3  # keys of the map `traffic`


@pytest.fixture(scope="module")
def held():
    """Objects with all kinds of maps and programs, some of them attached."""
    kernel = KernelFacts()
    paths = {name: built(name, CLANGS[-1]) for name in ("packets", "syscall_pairs", "trampolines")}
    paths["calls"] = ROOT / "tests/kernel/machine_programs/deep_calls.bpf.s"
    paths["iterator"] = built("task_iterator", CLANGS[-1])
    paths["forks"] = built("core_fields", CLANGS[-1])
    with ExitStack() as stack:
        found = {}
        for name, path in paths.items():
            found[name] = stack.enter_context(Collection(read_object(path), kernel))
            if name == "syscall_pairs":
                found[name].rodata["target_pid"] = ME
            found[name].load()
        for name in ("trampolines", "iterator", "forks"):
            found[name].attach()
        packets = found["packets"].programs
        packets["at_tc"].test_run(bytes(64))
        for name, where in (("at_xdp", "lo"), ("at_cgroup_in", "/sys/fs/cgroup")):
            one = packets[name]
            stack.enter_context(attach(one, probe_of(one.spec, where)))
        counts = found["syscall_pairs"].maps["counts"]
        counts.update_batch({7: 70, 8: 80})
        yield found


@pytest.fixture
def rawbpf(capsys):
    """Run a command and return its lines. A failing command must print its reason on one line."""

    def run(*words, fails=None):
        status = main(list(words))
        shown = capsys.readouterr()
        if fails is None:
            assert (status, shown.err) == (0, "")
            return shown.out.splitlines()
        assert (status, shown.out) == (fails, "")
        (line,) = shown.err.splitlines()
        return line

    return run


def by_id(rows):
    return {row["id"]: row for row in rows}


def same(ours, theirs, left_out=()):
    """Assert that both list the same objects with the same values."""
    ours, theirs = by_id(map(json.loads, ours)), by_id(theirs)
    assert ours.keys() == theirs.keys()
    common = set()
    for number, row in theirs.items():
        keys = (row.keys() & ours[number].keys()) - {"pids", *left_out}
        assert {key: ours[number][key] for key in keys} == {key: row[key] for key in keys}
        common |= keys
    return common


@pytest.mark.usefixtures("held")
def test_programs_are_those_that_bpftool_lists(rawbpf):
    ours, theirs = rawbpf("prog", "list", "--json"), bpftool("prog", "list")
    common = same(ours, theirs, ["loaded_at", "recursion_misses"])
    assert common >= {"id", "type", "name", "tag", "gpl_compatible", "uid", "bytes_xlated",
                      "bytes_jited", "bytes_memlock", "map_ids", "btf_id"}  # fmt: skip
    loaded = {row["id"]: row["loaded_at"] for row in theirs}
    assert all(abs(row["loaded_at"] - loaded[row["id"]]) <= 1 for row in map(json.loads, ours))
    titles, *lines = rawbpf("prog", "list")
    assert titles.split()[:3] == ["ID", "TYPE", "NAME"]
    assert len(lines) == len(theirs)


@pytest.mark.usefixtures("held")
def test_maps_are_those_that_bpftool_lists(rawbpf):
    common = same(rawbpf("map", "list", "--json"), bpftool("map", "list"))
    assert common >= {"type", "name", "flags", "bytes_key", "bytes_value", "max_entries",
                      "bytes_memlock", "frozen", "btf_id"}  # fmt: skip


@pytest.mark.usefixtures("held")
def test_links_are_those_that_bpftool_lists(rawbpf):
    # bpftool does not list perf events without a link, which have no ID.
    ours = [line for line in rawbpf("link", "list", "--json") if json.loads(line)["id"] is not None]
    common = same(ours, bpftool("link", "list"))
    assert common >= {"type", "prog_id", "attach_type", "tp_name", "target_name", "cgroup_id"}
    kinds = {row["type"]: row for row in map(json.loads, ours)}
    assert kinds.keys() >= {"tracing", "raw_tracepoint", "iter", "cgroup", "xdp"}
    assert kinds["xdp"]["ifindex"] == 1


def test_one_object_is_shown_with_the_processes_that_hold_it(held, rawbpf):
    program = held["packets"].programs["at_xdp"].info()
    (shown,) = map(json.loads, rawbpf("prog", "show", "at_xdp", "--json"))
    assert shown["id"] == program.id
    assert ME in [one["pid"] for one in shown["pids"]]
    assert f"tag               {program.tag}" in rawbpf("prog", "show", str(program.id))
    (shown,) = map(json.loads, rawbpf("map", "show", "traffic", "--json"))
    assert ME in [one["pid"] for one in shown["pids"]]
    assert [row["id"] for row in map(json.loads, rawbpf("map", "show", ".bss", "--json"))] == [
        one.maps[".bss"].info().id for one in held.values() if ".bss" in one.maps
    ]
    number = held["trampolines"].links["enter"].info().id
    lines = rawbpf("link", "show", str(number))
    assert "attach_type    trace_fentry" in lines
    assert any(line.startswith("pids") and f"({ME})" in line for line in lines)


def test_runs_are_counted_on_request(held, rawbpf):
    program = held["packets"].programs["at_socket"]
    before = program.info()
    program.test_run(bytes(64))
    assert program.info().run_cnt == before.run_cnt
    with count_runs():
        program.test_run(bytes(64), repeat=10)
    after = program.info()
    assert after.run_cnt == before.run_cnt + 10
    assert after.run_time_ns > before.run_time_ns
    (row,) = map(json.loads, rawbpf("prog", "show", str(after.id), "--json"))
    assert row["run_cnt"] == after.run_cnt


def entries(rows):
    """Convert bpftool's entries to our form, decoded if they have types."""
    for row in (one.get("formatted", one) for one in rows):
        values = row.get("values")
        yield {
            "key": row.get("key", 0),
            "value": [one["value"] for one in values] if values else row["value"],
        }


def test_entries_by_their_types(held, rawbpf):
    number = str(held["syscall_pairs"].maps["counts"].info().id)
    rows = [json.loads(line) for line in rawbpf("map", "dump", number, "--json")]
    assert sorted(rows, key=str) == [{"key": 7, "value": 70}, {"key": 8, "value": 80}]
    theirs = bpftool("map", "dump", "id", number)
    assert sorted(rows, key=str) == sorted(entries(theirs), key=str)
    ours = [json.loads(line) for line in rawbpf("map", "dump", number, "--json", "--hex")]
    assert {bytes.fromhex(row["key"]): bytes.fromhex(row["value"]) for row in ours} == {
        raw(row["key"]): raw(row["value"]) for row in theirs
    }
    assert sorted(rawbpf("map", "dump", number)) == ["7: 70", "8: 80"]


def test_variables_are_shown_as_the_value_of_their_map(held, rawbpf):
    number = str(held["syscall_pairs"].maps[".bss"].info().id)
    (row,) = map(json.loads, rawbpf("map", "dump", number, "--json"))
    (theirs,) = entries(bpftool("map", "dump", "id", number))
    (variables,) = theirs["value"].values()
    assert row["value"] == {name: value for one in variables for name, value in one.items()}


def attached(row):
    return bytes.fromhex(row["key"])[0] in (AT_XDP, AT_CGROUP_IN)


def test_per_cpu_values_and_maps_without_types(held, rawbpf):
    """The kernel rejects an enum as the key type of an array, so this map has no types.

    Two of its programs are attached and change entries during the test.
    """
    ours = [json.loads(line) for line in rawbpf("map", "dump", "traffic", "--json")]
    number = str(held["packets"].maps["traffic"].info().id)
    theirs = list(entries(bpftool("map", "dump", "id", number)))
    assert [bytes.fromhex(row["key"]) for row in ours] == [raw(row["key"]) for row in theirs]
    assert any(any(bytes.fromhex(one)) for one in ours[AT_TC]["value"])
    for row, their in (pair for pair in zip(ours, theirs, strict=True) if not attached(pair[0])):
        assert [bytes.fromhex(one) for one in row["value"]] == [raw(one) for one in their["value"]]


def test_an_entry_is_written_read_and_deleted(held, rawbpf):
    number = str(held["syscall_pairs"].maps["counts"].info().id)
    assert rawbpf("map", "update", number, "9", "0x5a") == []
    assert rawbpf("map", "lookup", number, "9") == ["9: 90"]
    assert rawbpf("map", "update", number, "hex:09000000", "91", "--existing") == []
    (row,) = map(json.loads, rawbpf("map", "lookup", number, "9", "--json"))
    assert row == {"key": 9, "value": 91}
    theirs = bpftool("map", "lookup", "id", number, "key", "9", "0", "0", "0")
    assert theirs.get("formatted", theirs)["value"] == 91
    line = rawbpf("map", "update", number, "9", "1", "--new", fails=1)
    assert line.endswith("key 9 already exists")
    assert rawbpf("map", "delete", number, "9") == []
    line = rawbpf("map", "lookup", number, "9", fails=1)
    assert line == "rawbpf: map 'counts' has no key 9"


@pytest.mark.parametrize(
    ("collection", "program"),
    [("packets", "at_xdp"), ("calls", "deep_calls"), ("trampolines", "enter"), ("forks", None)],
)
def test_translated_instructions_are_those_of_bpftool(held, rawbpf, collection, program):
    programs = held[collection].programs
    one = programs[program] if program else next(iter(programs.values()))
    number = str(one.info().id)
    rows = bpftool("prog", "dump", "xlated", "id", number, "opcodes")
    code = one.xlated()
    assert b"".join(instruction_bytes(row["opcodes"]) for row in rows) == code
    instructions = decode_internal(code)
    ours = [json.loads(line) for line in rawbpf("prog", "dump", number, "--json")]
    assert len(rows) == len(ours) == len(instructions)
    compared = 0
    for theirs, mine, instruction in zip(rows, ours, instructions, strict=True):
        text = theirs["disasm"].split(") ", 1)[1]
        if text.startswith("call") and "pc+" not in text:
            assert mine["text"].split()[-1] == text.split()[1].partition("#")[0]
        elif "map[id:" in text or "call pc" in text or "subprog[" in text:
            assert ("map_by_id(" in mine["text"]) == ("map[id:" in text)
        elif internal_text(instruction) is None:
            wide = " ll" if instruction.slots == 2 else ""
            assert parse_instruction(text + wide) == instruction, text
            compared += 1
        source = mine["source"]
        if "src" in theirs:
            assert theirs["src"].strip() == source["text"].replace("\\t", "\t")
    assert compared > 4


def test_functions_and_maps_have_names_in_a_dump(held, rawbpf):
    text = "\n".join(rawbpf("prog", "dump", "deep_calls", "--no-source"))
    assert text.count("call ") == 7
    assert "call unknown" not in text
    assert "call pc" not in text
    number = held["packets"].maps["traffic"].info().id
    text = "\n".join(rawbpf("prog", "dump", "at_xdp"))
    assert f"map_by_id({number} traffic)" in text
    assert "struct traffic *here = bpf_map_lookup_elem(&traffic, &place);" in text
    assert "struct traffic" not in "\n".join(rawbpf("prog", "dump", "at_xdp", "--no-source"))


def test_the_graph_has_every_block(rawbpf):
    lines = rawbpf("prog", "dump", "at_xdp", "--dot")
    assert (lines[0], lines[-1]) == ('digraph "at_xdp" {', "}")
    boxes = {line.split()[0] for line in lines if " [label=" in line}
    edges = [line.split() for line in lines if "->" in line]
    assert len(boxes) > 3
    assert all(words[0] in boxes and words[2].rstrip(";") in boxes for words in edges)


def test_a_link_to_many_functions(rawbpf):
    """kprobe_multi exists since 5.18, and information about it since 6.6 and 6.7."""
    path = built("many_probes", CLANGS[-1])
    if kernel_version() < (5, 18) or kernel_config("CONFIG_FPROBE") != "y":
        return
    with Collection(read_object(path)) as obj:
        obj.keep(["enter"])
        obj.load()
        functions = ["vfs_read", "vfs_write"]
        at = obj.spec.programs["enter"].expected_attach_type
        fd = link_create_kprobe_multi(obj.programs["enter"].fileno(), functions, at)
        with Link("two functions", fd) as link:
            info = link.info()
            part = {"func_cnt": 2, "retprobe": False, "missed": 0}
            assert info.part == (part if kernel_version() >= (6, 6) else {})
            assert info.type_word == "kprobe_multi"
            (row,) = map(json.loads, rawbpf("link", "show", str(info.id), "--json"))
            assert row["prog_id"] == obj.programs["enter"].info().id


def test_probes_of_objects_are_links_if_the_kernel_has_them(held, rawbpf):
    """Links for perf events exist since 5.15, and information about them since 6.6 and 6.7."""
    obj = held["syscall_pairs"]
    obj.attach()
    link = obj.links["begin"]
    if kernel_version() < (5, 15):
        with pytest.raises(UnsupportedError, match="cannot query or pin"):
            link.info()
    else:
        info = link.info()
        (row,) = map(json.loads, rawbpf("link", "show", str(info.id), "--json"))
        assert (row["type"], row["prog_id"]) == ("perf_event", obj.programs["begin"].info().id)
        assert (row["event"], row["func_name"]) == ("kprobe", native().syscall_function("getppid"))
        assert row["retprobe"] is False
        if kernel_version() >= (6, 6):
            assert row["missed"] == 0
    os.getppid()
    obj.detach()
    os.getppid()
    assert obj.maps["counts"][ME] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            "prog show 4000000",
            1,
            "no program with ID 4000000: the object was freed, or never existed",
        ),
        ("map dump 4000000", 1, "no map with ID 4000000"),
        ("link show 4000000", 1, "no link with ID 4000000"),
        ("prog show nobody", 2, "no program named 'nobody'; list them with `rawbpf prog list`"),
        ("map show /sys/fs/bpf/none", 1, "cannot open /sys/fs/bpf/none: "),
        ("map dump /proc/version", 1, "the path is not on a BPF file system; choose a path under"),
        ("map lookup .bss 0", 2, "maps are named '.bss'; specify an ID: "),
        ("map lookup traffic {", 2, "invalid JSON '{'"),
        ("map lookup traffic hex:0", 2, "invalid hex 'hex:0'"),
        ("map lookup traffic [1,2]", 2, "invalid key for map 'traffic'"),
        ("map update traffic 99 0", 1, "index 99 is out of range (max_entries = 5)"),
        ("map delete traffic 0", 1, "maps of type percpu_array do not support this operation"),
    ],
)
@pytest.mark.usefixtures("held")
def test_errors_are_one_line(rawbpf, words, status, said):
    assert said in rawbpf(*words.split(), fails=status)


def test_missing_capabilities_are_named():
    """Run in a separate process, which has given up root."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writing, 2)
        os.setresuid(65534, 65534, 65534)
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 -- the child's own
        os._exit(main(["prog", "list"]))
    os.close(writing)
    with open(reading) as stream:  # noqa: PTH123 -- a pipe
        said = stream.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert said == (
        "rawbpf: cannot list programs: opening objects by ID requires CAP_SYS_ADMIN; "
        "run the command with sudo\n"
    )


def test_the_function_behind_a_perf_event_is_named_with_the_process_that_holds_it(held, rawbpf):
    """Before 5.15, the attachment is not a link, so no other list of the kernel has it."""
    obj = held["syscall_pairs"]
    obj.attach()
    number = obj.programs["begin"].info().id
    comm = Path("/proc/self/comm").read_text().strip()
    (row,) = map(json.loads, rawbpf("prog", "show", str(number), "--json"))
    (probe,) = row["perf_events"]
    assert (probe["event"], probe["func_name"]) == ("kprobe", "__x64_sys_getppid")
    assert (probe["retprobe"], probe["pid"]) == (False, ME)
    assert f"perf_events       kprobe __x64_sys_getppid by {comm}({ME})" in rawbpf(
        "prog", "show", str(number)
    )
    rows = [json.loads(line) for line in rawbpf("link", "list", "--json")]
    (row,) = [one for one in rows if one["prog_id"] == number]
    assert (row["event"], row["func_name"]) == ("kprobe", "__x64_sys_getppid")
    assert [one["pid"] for one in row["pids"]] == [ME]
    assert (row["id"] is None) == (kernel_version() < (5, 15))
    probe = f"  {comm}({ME})  event=kprobe retprobe=False func_name=__x64_sys_getppid "
    assert [probe in line for line in rawbpf("link", "list")].count(True) == 1
    obj.detach()
    (row,) = map(json.loads, rawbpf("prog", "show", str(number), "--json"))
    assert row["perf_events"] == []
