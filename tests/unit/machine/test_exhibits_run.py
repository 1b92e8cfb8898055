"""The interpreter runs the rejected programs of the gallery and shows what would have happened."""

import pytest

from rawbpf.cli.main import main
from rawbpf.verifier.exhibits import exhibits, find_exhibit

FAULTS = {
    "clobbered_by_call": "r1",
    "null_not_checked": "the pointer is NULL",
    "below_the_stack": "before stack",
    "past_the_value": "beyond the end of counts",
    "unknown_helper": "no such helper",
    "infinite_loop": "endless loop",
    "recursion": "frames",
}


@pytest.mark.parametrize(("name", "words"), FAULTS.items())
def test_it_stops_at_the_harmful_instruction(capsys, name, words):
    assert main(["run-local", str(find_exhibit(name).path), "--ctx=skb"]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert find_exhibit(name).path.name in error


def test_it_steps_through_a_program(capsys, tmp_path):
    script = tmp_path / "script"
    script.write_text("step 5\nstep\n")
    path = find_exhibit("null_not_checked").path
    assert main(["step", str(path), f"--commands={script}"]) == 0
    assert "r1 = *(u64 *)(r0 + 0)" in capsys.readouterr().out


def test_each_program_runs_or_fails_with_an_error(capsys):
    """No program of the gallery causes a traceback."""
    for one in exhibits():
        if one.path.suffix == ".s" and one.name not in ("infinite_loop", "loop_without_bound"):
            assert main(["run-local", str(one.path), "--budget=100000"]) in (0, 1), one.name
            capsys.readouterr()
