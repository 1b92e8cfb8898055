"""Narration agrees with strace, its record can be repeated, and its script runs alone."""

import ast
import json
import re
import struct
import subprocess
import sys

import pytest

from rawbpf.narration.capture.call import MAKES_FD
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.json_line import decode
from rawbpf.uapi.capability import CAPABILITIES
from tests.support.command import RAWBPF, opening_files, rawbpf
from tests.support.peers import peer
from tests.support.strace import fields, instructions, strace

ALLOWED = {"ctypes", "mmap", "struct"}
RUN = ["kprobe", "do_sys_openat2", "-d", "0.5"]
LOAD = ["load", "bpf_src/count_by_comm.bpf.s"]


def run(command, tmp_path_factory):
    """One run, as narrated by rawbpf and as printed by strace."""
    folder = tmp_path_factory.mktemp("strace")
    with opening_files():
        words = [*RAWBPF, *command, "--narrate=json"]
        done, seen = strace(peer("strace"), words, folder, timeout=100)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
    return lines, our_part(seen)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session of a probe, from the first call to the last."""
    return run(RUN, tmp_path_factory)


@pytest.fixture(
    scope="module", params=["session", pytest.param("load", marks=pytest.mark.no_probe)]
)
def each(request, tmp_path_factory):
    """That session, and one that loads BTF and source lines and queries them."""
    if request.param == "session":
        return request.getfixturevalue("session")
    return run(LOAD, tmp_path_factory)


def our_part(seen):
    """Return the calls that strace saw and that went through the gate. Python makes others."""
    fds, mappings, ours = set(), set(), []
    for at, call in enumerate(seen):
        first = call.arguments[0] if call.arguments else ""
        fd = call.arguments[4] if call.name == "mmap" else first
        known = {
            "bpf": True,
            "perf_event_open": True,
            "ioctl": fd in fds,
            "mmap": fd in fds,
            "munmap": first in mappings,
            "close": fd in fds,
        }.get(call.name, True)
        if not known or (call.name == "epoll_create1" and not used(call.result, seen[at + 1 :])):
            continue
        ours.append(call)
        if call.name == "mmap":
            mappings.add(call.result)
        elif call.name == "close":
            fds.discard(fd)
        elif call.name in MAKES_FD or first in MAKES_FD:
            fds.add(call.result)
    return ours


def used(epoll, later):
    """Return whether an epoll descriptor is used. Python's selectors create one as a test."""
    users = (call for call in later if call.arguments and call.arguments[0] == epoll)
    return next(users).name == "epoll_ctl"


def test_strace_sees_the_same_calls_in_the_same_order(each):
    lines, theirs = each
    ours = [decode(line) for line in lines]
    assert [call.name for call in ours] == [call.name for call in theirs]
    assert len(ours) >= 6
    for call, other in zip(ours, theirs, strict=True):
        result = f"-{call.errno}" if call.errno else call.result
        assert int(other.result, 0) == result if not call.errno else other.result == result, other


def test_strace_sees_the_same_values(each):
    lines, theirs_all = each
    compared = 0
    for line, other in zip(lines, theirs_all, strict=True):
        call, told = decode(line), json.loads(line)
        if call.name == "bpf":
            assert other.arguments[0] == call.command
            assert int(other.arguments[2]) == call.words[2]
            theirs = fields(other.arguments[1])
        elif call.name == "perf_event_open":
            assert [int(word) for word in other.arguments[1:4]] == list(call.words[1:4])
            assert other.arguments[4] == "PERF_FLAG_FD_CLOEXEC"
            theirs = fields(other.arguments[0])
        elif call.name in ("capget", "capset"):
            compared += compare_capabilities(call, other)
            continue
        else:
            compared += compare_words(told["line"], other)
            continue
        compared += compare_fields(call, told["fields"], theirs)
    assert compared > len(lines) * 4


def compare_words(line, other):
    """Compare calls without a structure, argument by argument."""
    mine = re.sub(r"<[^<>]*>", "", line)
    for argument in other.arguments:
        plain = re.sub(r"data={u32=\d+, ", "data={", argument)
        assert plain in mine, f"{argument} is not in {line}"
    return len(other.arguments)


def compare_capabilities(call, other):
    """Compare sets, of which narration prints only the number if there are many."""
    data = call.block("data")
    words = struct.unpack("=6I", data.before or data.after)
    sets = fields(other.arguments[1])
    for at, name in enumerate(("effective", "permitted", "inheritable")):
        names = re.findall(r"1<<(CAP_\w+)", sets[name])
        assert words[at] | words[at + 3] << 32 == sum(1 << CAPABILITIES.index(n) for n in names)
    return len(sets)


def compare_fields(call, ours, theirs):
    count = 0
    for path, value in theirs.items():
        name = path.replace("info.info.", "info.").replace("wakeup_watermark", "wakeup_events")
        if name not in ours:  # a bit of perf_event_attr, which strace prints on its own
            assert call.name == "perf_event_open", f"{call.command} has no {name}: {ours}"
            assert plain(value) == str(int(name in ours["flags"].split("|"))), name
            continue
        assert same(value, ours[name], call, name), f"{call.key}: {name}={value}, ours {ours[name]}"
        count += 1
    return count


def plain(text):
    """Return the final value of a field, without remarks and labels."""
    text = re.sub(r" ?/\*.*?\*/|<[^<>]*>", "", text).rpartition(" => ")[2]
    return "0" if text in ("NULL", "KERNEL_VERSION(0, 0, 0)", "makedev(0, 0)") else text


def same(theirs, ours, call, name):
    """Return whether both mean the same, even if one prints a name and the other a number."""
    if name == "insns":
        return instructions(theirs) == call.block("attr.insns").before
    theirs, ours = plain(theirs), plain(ours)
    if theirs.startswith('"') and ours.startswith('"'):
        return same_text(theirs, ours)
    if theirs.startswith('"'):  # narration prints only the number of bytes
        data = ast.literal_eval("b" + theirs.removesuffix("..."))
        return call.block(f"attr.{name}").before.startswith(data)
    if not re.fullmatch(r"0x[0-9a-f]+|\d+", theirs):
        return theirs == ours
    if re.fullmatch(r"0x[0-9a-f]+|\d+", ours):
        return int(theirs, 0) == int(ours, 0)
    # strace prints an address, narration what is stored there
    return int(theirs, 0) == given_number(call, name)


def same_text(theirs, ours):
    """Compare strings, of which either may show only the start."""
    both = [ast.literal_eval("b" + text.removesuffix("...")) for text in (theirs, ours)]
    length = min(map(len, both)) if ours.endswith("...") else None
    return both[0][:length] == both[1][:length]


def given_number(call, name):
    block = call.blocks[0]
    field = getattr(block.struct, name.rpartition(".")[2])
    return int.from_bytes(block.before[field.offset : field.offset + field.size], "little")


def test_the_calls_can_be_repeated(session):
    lines, _ = session
    outcomes = list(replay(map(decode, lines), lambda *_: None))
    counters = "BPF_MAP_LOOKUP_ELEM"  # the number of calls of the function varies
    different = [one for one in outcomes if one.differences and one.call.command != counters]
    assert different == []


def test_the_script_does_the_same_without_rawbpf(tmp_path):
    file = tmp_path / "script.py"
    done = rawbpf("narrate", "--script", "-o", str(file), "--", *RUN)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert len(text.splitlines()) < 150
    assert set(re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)) == ALLOWED
    with opening_files():
        run = subprocess.run(
            [sys.executable, "-I", str(file)], capture_output=True, text=True, timeout=60
        )
    assert run.returncode == 0, run.stderr
    assert re.search(r"^cpu\d+ 52 bytes: .*python[\d.]*$", run.stdout, re.MULTILINE)
