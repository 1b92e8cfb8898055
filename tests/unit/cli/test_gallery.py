"""``rawbpf gallery`` without a real kernel; tests/kernel runs it with one."""

import sys

import pexpect
import pytest

from rawbpf.cli.main import main
from rawbpf.cli.system.guest_files import with_gallery
from rawbpf.cli.verify.gallery_text import choices, diff, numbered
from rawbpf.syscall.gate import replaced
from rawbpf.verifier.exhibits import exhibits, find_exhibit
from tests.support.command import RAWBPF


@pytest.mark.parametrize("words", [["--list"], []])
def test_the_list_is_complete(capsys, words):
    assert main(["gallery", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(exhibits())
    assert "null_not_checked" in lines[4]


def test_a_failed_load_is_reported_and_a_guest_suggested(capsys):
    with replaced(lambda *_: -1):
        assert main(["gallery", "5"]) == 1
    out, err = capsys.readouterr()
    assert "call map_lookup_elem" in out
    assert "did not verify the program" in err
    assert "rawbpf guest gallery 5" in err


def test_a_program_for_newer_kernels_is_not_loaded(capsys, monkeypatch):
    from rawbpf.kernel import version

    old = version.KernelVersion(5, 10, 0)
    monkeypatch.setattr(version, "kernel_version", lambda: old)
    assert main(["gallery", "iterator_not_initialised"]) == 1
    assert "Linux 6.4 or later" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["0", "1000", "null_not_chcked", "--from=/nowhere"])
def test_unknown_programs(capsys, word):
    assert main(["gallery", word, *(["--list"] if "from" in word else [])]) == 2
    assert capsys.readouterr().err.startswith("rawbpf: ")


@pytest.mark.parametrize("one", exhibits(), ids=lambda one: one.name)
def test_the_program_is_shown_without_the_comment_with_the_solution(one):
    shown = "\n".join(numbered(one.path))
    assert one.title not in shown
    assert "rawbpf: rule" not in shown
    last = len(one.path.read_text().splitlines())
    assert shown.splitlines()[-1].startswith(f"{last:4}")


def test_the_fix_is_shown_as_a_diff():
    changed = [line for line in diff(find_exhibit("misaligned")) if line[2] in "+-"]
    assert changed == ["  -        *(u64 *)(r10 - 12) = r1", "  +        *(u64 *)(r10 - 16) = r1"]


def test_the_right_answer_is_offered_once():
    offered = choices("right", ["right", "a", "b", "c", "d"])
    assert offered.count("right") == 1
    assert len(offered) == 4


def test_only_gallery_gets_its_folder_in_a_guest():
    with with_gallery(["gallery", "5"]) as words:
        (option,) = words[2:]
        assert main(["gallery", "--list", option]) == 0
    with with_gallery(["kprobe", "do_exit"]) as words:
        assert words == ["kprobe", "do_exit"]


def test_at_a_terminal_all_programs_are_shown_in_order():
    """A program that this kernel cannot load is reported, and the next one follows."""
    visitor = pexpect.spawn(sys.executable, [*RAWBPF[1:], "gallery"], encoding="utf-8", timeout=60)
    visitor.expect("1\\. unset_register")
    if visitor.expect(["Your guess: ", "Enter for the next"]) == 0:
        visitor.sendline("")
        visitor.expect("Enter for the next")
    visitor.sendline("")
    visitor.expect("2\\. no_return_value")
    if visitor.expect(["Your guess: ", "Enter for the next"]) == 0:
        visitor.sendline("")
        visitor.expect("Enter for the next")
    visitor.sendline("q")
    visitor.expect(pexpect.EOF)
    visitor.close()
    assert visitor.exitstatus == 0
