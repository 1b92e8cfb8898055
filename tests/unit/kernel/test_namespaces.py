"""The namespaces of this process."""

from pathlib import Path

import pytest

from rawbpf.kernel.namespaces import in_initial_pid_namespace
from tests.support.machine import Machine


@pytest.mark.parametrize(("inode", "initial"), [(4026531836, True), (4026532450, False)])
def test_the_initial_pid_namespace_has_a_fixed_inode(tmp_path, inode, initial):
    machine = Machine(tmp_path).namespace("pid", inode)
    assert in_initial_pid_namespace(machine.root) is initial


def test_a_kernel_without_pid_namespaces_has_one_set_of_ids(tmp_path):
    assert in_initial_pid_namespace(Machine(tmp_path).namespace("user", 4026531837).root)


def test_a_proc_of_another_namespace_has_no_entry_for_this_process(tmp_path):
    assert not in_initial_pid_namespace(Machine(tmp_path).file("/proc/version", "Linux").root)


def test_this_process_reads_its_own_namespace():
    expected = Path("/proc/self/ns/pid").stat().st_ino == 4026531836
    assert in_initial_pid_namespace() is expected
