"""Run `rawbpf gallery` with and without a terminal."""

import sys

import pexpect
import pytest

from rawbpf.cli.main import main
from tests.support.command import RAWBPF

pytestmark = pytest.mark.no_probe

SHOWN = (
    "call map_lookup_elem",
    "Rejected: ",
    "[RB-V003]",
    "The fix: Exit",
    "+        if r0 == 0 goto out",
    "This kernel accepts the program.",
    "rawbpf step ",
)


def test_without_a_terminal_it_asks_nothing(capsys):
    assert main(["gallery", "null_not_checked"]) == 0
    shown = capsys.readouterr().out
    for text in SHOWN:
        assert text in shown
    assert "Your guess" not in shown


def test_at_a_terminal_the_user_can_guess():
    visitor = pexpect.spawn(
        sys.executable, [*RAWBPF[1:], "gallery", "misaligned"], timeout=60, encoding="utf-8"
    )
    visitor.expect("Why does the verifier reject this program\\?")
    visitor.expect("Your guess: ")
    titles = [line for line in visitor.before.splitlines() if line.startswith("  ")]
    answer = next(line.split()[0] for line in titles if "Misaligned" in line)
    visitor.sendline(answer)
    visitor.expect("Right\\.")
    visitor.expect("This kernel accepts the program\\.")
    visitor.expect(pexpect.EOF)
    visitor.close()
    assert visitor.exitstatus == 0
