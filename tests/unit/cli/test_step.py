"""``rawbpf step``: the prompt, controlled by scripts and at a terminal."""

import signal
from pathlib import Path

import pexpect
import pytest

from rawbpf.cli.main import main
from tests.support.command import RAWBPF

TEXT = """\
.map hits, hash, key=u32, value=u64, entries=4
.program first, "kprobe"
        *(u32 *)(r10 - 4) = 7
        *(u64 *)(r10 - 16) = 8
        r1 = hits ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = 0
        call map_update_elem
        r1 = 20
        call twice
        exit
.function twice
        r0 = r1
        r0 += r1
        exit
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "first.bpf.s"
    path.write_text(TEXT)
    return path


@pytest.fixture
def step(file, capsys, tmp_path):
    """Run a script and return the output."""

    def follow(*commands, status=0, of=file):
        script = tmp_path / "commands"
        script.write_text("\n".join(commands) + "\n")
        assert main(["step", str(of), "--commands", str(script)]) == status
        captured = capsys.readouterr()
        text = captured.err if status else captured.out
        return text.replace(f"{tmp_path}/", "")

    return follow


def test_step_shows_changes_and_the_next_instruction(step):
    text = step("step", "", "# a comment", "s 2   # two")
    assert (
        text
        == """\
> first, instruction 0 (first.bpf.s:3)
      *(u32 *)(r10 - 4) = 7
    0: *(u32 *)(r10 - 4) = 7
(step) step
  stack-4 = 07000000    was a5a5a5a5
> first, instruction 1 (first.bpf.s:4)
      *(u64 *)(r10 - 16) = 8
    1: *(u64 *)(r10 - 16) = 8
(step) s 2
  r1 = 0xa00000000000 (map hits)    was 0xc00000000000 (context+0)
  stack-16 = 0800000000000000    was a5a5a5a5a5a5a5a5
> first, instruction 4 (first.bpf.s:6)
      r2 = r10
    4: r2 = r10
"""
    )


def test_continue_to_a_breakpoint_and_back(step):
    text = step(
        "break twice", "c", "where", "back 2", "clear twice", "continue", "quit", "nonsense"
    )
    _, *parts = text.split("(step) ")
    assert parts == [
        "break twice\n  twice, instruction 13 (first.bpf.s:16)\n     13: r0 = r1\n",
        """\
c
  r1 = 20    was 0xc00000000000 (context+0)
  r10 = 0x500000002200 (stack1+0)    was 0x500000000200 (stack+0)
  stack-16 = 0800000000000000    was a5a5a5a5a5a5a5a5
  stack-4 = 07000000    was a5a5a5a5
  hits[7] = 8    was absent
> twice, instruction 13 (first.bpf.s:16)
      r0 = r1
   13: r0 = r1
""",
        """\
where
  twice, instruction 13 (first.bpf.s:16)
  first, instruction 11 (first.bpf.s:13)
""",
        """\
back 2
  r0 = 0    was unset
  r1 = unset    was 20
  r10 = 0x500000000200 (stack+0)    was 0x500000002200
> first, instruction 10 (first.bpf.s:12)
      r1 = 20
   10: r1 = 20
""",
        "clear twice\n",
        "continue\n  r0 = 40    was 0\nfinished after 15 instructions, r0 = 40\n",
        "quit\n",
    ]


def test_commands_that_only_show(step):
    text = step(
        "s 9", "registers", "stack", "memory r10-4 4", "m stack-16", "maps", "list", "regions"
    )
    _, *parts = text.split("(step) ")
    looks = {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}
    assert looks["registers"].splitlines()[9:] == [
        "  r9  = unset",
        "  r10 = 0x500000000200 (stack+0)",
    ]
    row = "        stack-16  08000000 00000000 a5a5a5a5 07000000  ................\n"
    assert looks["stack"] == row
    assert looks["m stack-16"] == row
    assert (
        looks["memory r10-4 4"] == "         stack-4  07000000                             ....\n"
    )
    assert looks["maps"] == "hits (hash):\n  7: 8\n"
    assert "->  10: r1 = 20\n    11: call pc+1\n" in looks["list"]
    stack, context = looks["regions"].splitlines()
    assert stack == "0x500000000000 - 0x500000000200  stack, 512 bytes"
    assert context.startswith("0xc00000000000 - ")
    assert context.endswith(" bytes, read-only")


def test_next_finish_restart_printed(step):
    text = step("n", "restart", "b :13", "c", "s", "finish", "next", "printed", "next 2", status=2)
    assert text.endswith("commands:9: unexpected argument '2': this command takes no arguments\n")


def test_errors_of_a_program(step, tmp_path):
    bad = tmp_path / "bad.bpf.s"
    bad.write_text('.program bad, "xdp"\n r0 = 1\n r0 = *(u64 *)(r1 + 100)\n exit\n')
    text = step("c", "back", "c", of=bad)
    assert (
        text.count("stopped: reads 8 bytes at 0xc00000000064: 84 bytes beyond the end of con") == 2
    )
    assert "\n> bad, instruction 1 (bad.bpf.s:3)\n" in text
    over = step("c", "step", of=bad, status=2)
    assert "commands:2: the program has ended; use `back` or `restart`" in over


def test_help_describes_each_command(step):
    text = step("help", "help step", "h m")
    moves, looks = "step next continue finish back restart", "where list registers memory stack"
    for name in f"{moves} {looks} regions maps printed break clear help quit".split():
        assert f"\n  {name}" in text
    assert "(step) help step\nstep [COUNT]: run one instruction, or COUNT," in text
    assert "memory ADDRESS [LENGTH]: show bytes at r10-8" in text


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("jump", "unknown command 'jump'; `help` lists the commands"),
        ("step x", "the count is 'x'; specify a number of at least 1"),
        ("step 0", "the count is '0'"),
        ("back -1", "the count is '-1'"),
        ("step " + "9" * 5000, "the count is '999"),
        ("break " + "9" * 5000, "unknown place '999"),
        ("memory r10-" + "9" * 5000, "invalid address"),
        ("memory r10+08", "9 bytes beyond the end of stack"),
        ("memory", "`memory` takes an address and a length"),
        ("memory r10 8 8", "`memory` takes an address"),
        ("memory r10", "1 byte beyond the end of stack"),
        ("memory r5", "r5 is read before it is written"),
        ("memory nothing", "no register or region 'nothing': the program's regions are: stack"),
        ("memory r10*2", "invalid address 'r10*2'"),
        ("memory 0x4", "the pointer is NULL"),
        ("maps nothing", "no map 'nothing'"),
        ("break nothing", "unknown place 'nothing'"),
        ("clear 3", "no breakpoint at 3"),
        ("help nothing", "unknown command 'nothing'"),
        ("registers 3", "unexpected argument '3'"),
    ],
)
def test_invalid_commands(step, command, why):
    text = step(command, status=2)
    assert "commands:1: " in text
    assert why in text


def test_invalid_files(capsys, tmp_path, file):
    assert main(["step", str(file), "--commands", str(tmp_path / "none")]) == 2
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert main(["step", str(file), "--commands", str(tmp_path / "bytes")]) == 2
    assert main(["step", "-"]) == 2
    said = capsys.readouterr().err
    assert "No such file" in said
    assert "the file is not valid UTF-8" in said
    assert "stdin cannot contain both the program and commands" in said


class Terminal:
    """A stepper at a terminal."""

    def __init__(self, file: Path) -> None:
        words = [*RAWBPF[1:], "step", str(file)]
        self.child = pexpect.spawn(
            RAWBPF[0],
            words,
            timeout=30,
            encoding="utf-8",
            dimensions=(40, 120),
            # Tests that run in the background ignore SIGINT, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.child.expect(r"\(step\) ")

    def say(self, line: str) -> str:
        self.child.sendline(line)
        self.child.expect(r"\(step\) ")
        return self.child.before

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def terminal(file):
    one = Terminal(file)
    assert "first, 16 instructions; `help` lists the commands" in one.child.before
    yield one
    one.child.close(force=True)


def test_at_a_terminal(terminal):
    assert "stack-4 = 07000000" in terminal.say("s")
    assert "instruction 2 " in terminal.say("")  # an empty line repeats the last command
    assert "unknown command 'x'" in terminal.say("x")
    assert "r10 = 0x500000000200" in terminal.say("r")
    terminal.child.sendline("q")
    assert terminal.end() == 0


def test_the_end_of_input_ends_it(terminal):
    terminal.child.sendeof()
    assert terminal.end() == 0


def test_ctrl_c_at_the_prompt_ends_it(terminal):
    terminal.child.sendintr()
    assert terminal.end() == 0


def test_ctrl_c_while_it_runs_comes_back_to_the_prompt(tmp_path):
    file = tmp_path / "endless.bpf.s"
    file.write_text('.program endless, "xdp"\nagain: r0 = 1\n goto again\n')
    terminal = Terminal(file)
    terminal.child.sendline("step 4000000000")
    terminal.child.expect("step 4000000000\r\n")
    terminal.child.sendintr()
    terminal.child.expect(r"interrupted\r\n> endless, instruction [01] .*\(step\) ")
    terminal.child.sendline("q")
    assert terminal.end() == 0


def test_empty_results(step, tmp_path):
    bare = tmp_path / "bare.bpf.s"
    bare.write_text('.program bare, "kprobe"\n r0 = 0\n exit\n')
    text = step("stack", "maps", "printed", of=bare)
    assert text.endswith(
        "(step) stack\n  the program has not written anything yet\n"
        "(step) maps\n  the program uses no maps\n"
        "(step) printed\n  the program has not produced any output yet\n"
    )
