"""Process IDs as BPF programs see them, from inside PID namespaces.

The tests' /proc belongs to the initial PID namespace, so /proc/self shows the ID that is expected.
"""

import os
from pathlib import Path

import pytest

from rawbpf.tracing.process_ids import own_process_id
from tests.support.denied import in_child, in_pid_namespace

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]


def ids():
    return f"{os.getpid()} {own_process_id()} {Path('/proc/self').readlink()}"


def test_outside_of_a_namespace_both_ids_are_the_same():
    own, seen, expected = in_child(ids).split()
    assert own == seen == expected


@pytest.mark.parametrize("depth", [1, 2])
def test_in_a_namespace_programs_see_the_id_in_the_initial_one(depth):
    own, seen, expected = in_pid_namespace(ids, depth).split()
    assert own == "1"
    assert seen == expected != own
