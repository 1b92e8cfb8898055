"""The PID namespace of this process, and IDs that no process has."""

import errno
import os
import threading
from pathlib import Path

import pytest

from rawbpf.errors import KernelError, UsageError
from rawbpf.tracing.kprobe import Kprobe
from rawbpf.tracing.log_program import hello_kprobe
from rawbpf.tracing.process_ids import in_initial_pid_namespace, process_id
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


def test_a_process_that_has_ended_is_an_error():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(KernelError, match=f"cannot trace process {child}: no process") as caught:
        process_id(child)
    assert caught.value.errno == errno.ESRCH


def test_the_id_of_a_thread_is_an_error_because_programs_compare_processes():
    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (ready.set(), done.wait()))
    thread.start()
    try:
        ready.wait()
        with pytest.raises(KernelError, match="is the ID of a thread; specify") as caught:
            process_id(thread.native_id)
        assert caught.value.errno == errno.EINVAL
    finally:
        done.set()
        thread.join()


def test_a_process_of_another_user_exists():
    assert not in_initial_pid_namespace() or process_id(1) == 1


def test_a_program_given_by_the_caller_cannot_be_limited_to_a_process():
    with pytest.raises(UsageError, match="lesson's program only"):
        Kprobe("vfs_read", pid=os.getpid(), program=hello_kprobe())
