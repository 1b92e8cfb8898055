"""Process IDs as BPF programs see them, from inside PID namespaces.

The tests' /proc belongs to the initial PID namespace, so /proc/self shows the ID that is expected.
"""

import json
import os
from pathlib import Path

import pytest

import rawbpf as library
from rawbpf.errors import KernelError
from rawbpf.tracing.process_ids import own_process_id, process_id
from rawbpf.tracing.task_table import task_table
from tests.support.calls import caller, getppid_function
from tests.support.command import rawbpf, running
from tests.support.denied import in_child, in_pid_namespace

pytestmark = pytest.mark.usefixtures("memory")

DEPTHS = pytest.mark.parametrize("depth", [1, 2])


def ids():
    here = os.getpid()
    return f"{here} {own_process_id()} {process_id(here)} {Path('/proc/self').readlink()}"


@pytest.mark.no_probe
def test_outside_of_a_namespace_both_ids_are_the_same():
    own, *seen, expected = in_child(ids).split()
    assert seen == [own, own]
    assert own == expected


@pytest.mark.no_probe
@DEPTHS
def test_in_a_namespace_programs_see_the_id_in_the_initial_one(depth):
    own, *seen, expected = in_pid_namespace(ids, depth).split()
    assert own == "1"
    assert seen == [expected, expected]


@pytest.mark.no_probe
@DEPTHS
def test_the_table_lists_threads_of_this_namespace_only(depth):
    def rows():
        return json.dumps(task_table())

    ((own, pid, tgid),) = json.loads(in_pid_namespace(rows, depth))
    assert own == 1
    assert pid == tgid > 1


@pytest.mark.no_probe
def test_an_id_that_only_the_outer_namespace_knows_is_an_error():
    outer = os.getpid()

    def ask():
        try:
            return str(process_id(outer))
        except KernelError as error:
            return str(error)

    assert in_pid_namespace(ask).endswith("no process has this ID in this PID namespace")


@DEPTHS
def test_the_library_traces_a_process_of_its_namespace_by_its_id_there(depth):
    function = getppid_function()

    def trace():
        with caller(7, 0) as calls, library.Kprobe(function, pid=calls.pid) as probe:
            calls.call()
            os.getppid()
            probe.stop()
            found = [event.pid for event in probe.events()]
            initial = process_id(calls.pid)
            assert initial != calls.pid
            return f"{found == [initial] * 7} {probe.ledger.unaccounted}"

    assert in_pid_namespace(trace, depth) == "True 0"


@DEPTHS
def test_the_command_traces_a_process_of_its_namespace_and_says_whose_ids_it_prints(depth):
    function = getppid_function()

    def trace():
        with caller(7, 0) as calls:
            with running("-v", "kprobe", function, "--pid", str(calls.pid), "--json") as probe:
                probe.wait_for("attached to")
                calls.call()
                assert probe.end() == 0
            ids = {event["pid"] for event in probe.events()}
            assert ids == {process_id(calls.pid)}
            assert len(probe.events()) == 7
            return probe.errors

    assert "process IDs refer to the initial PID namespace" in in_pid_namespace(trace, depth)


def test_a_process_that_does_not_exist_ends_in_one_line():
    done = rawbpf("kprobe", "vfs_read", "--pid", "4194303", "-d", "1")
    assert done.returncode == 1
    assert done.stderr == "rawbpf: cannot trace process 4194303: no process has this ID\n"
