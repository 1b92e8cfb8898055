"""Run the solutions that need a kernel, and the commands in the documentation."""

import os
import re
from pathlib import Path

import pytest

import rawbpf
from tests.support import console, lessons
from tests.support.bpf_objects import CLANGS, built
from tests.support.command import opening_files
from tests.support.markdown import ROOT, blocks

COMMANDS = console.commands("kernel")


@pytest.mark.parametrize(
    "lesson", [one for one in lessons.lessons() if lessons.needs_kernel(one)], ids=lambda p: p.name
)
def test_the_solution_passes(lesson):
    lessons.check_green(lesson)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_commands_print_what_the_page_shows(command):
    console.check(command)


def test_the_examples_of_the_commands_page_run(capsys):
    page = ROOT / "docs/commands.md"
    probe, loader, batches = (one for one in blocks(page) if one.language == "python")
    exec(compile(probe.text, probe.name, "exec"), {})  # noqa: S102 -- it is ours
    assert "events delivered" in capsys.readouterr().out
    text = loader.text.replace("4711", str(os.getpid())).replace("duration=10", "duration=0.5")
    text = text.replace("open_ring.bpf.o", str(built("open_ring", CLANGS[-1])))
    with opening_files():
        exec(compile(text, loader.name, "exec"), {"rawbpf": rawbpf})  # noqa: S102 -- ours as well
    *opened, dropped = capsys.readouterr().out.splitlines()
    assert dropped == "0 events were dropped"
    me = f"{os.getpid()} {Path('/proc/self/comm').read_text().strip()} "
    assert f"{me}/proc/uptime" in opened
    assert all(line.startswith(me) for line in opened)
    # NumPy is not in the guest.
    text = re.sub(r".*batch\.array\(\).*\n", "", batches.text).replace(
        "duration=10", "duration=0.5"
    )
    names = {"rawbpf": rawbpf}
    with opening_files():
        exec(compile(text, batches.name, "exec"), names)  # noqa: S102 -- ours as well
    assert names["calls"].total() > 0
