import pytest

from rawbpf.cli.main import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cpus", "0"], "--cpus is '0'"),
        (["--cpus", "x"], "--cpus is 'x'"),
        (["--memory", "lots"], "--memory is 'lots'"),
        (["--memory", ""], "--memory is empty"),
        (["--timeout", "soon"], "--timeout is 'soon'"),
        (["--timeout", "nan"], "--timeout is 'nan'"),
        (["--kernel", "./absent"], "--kernel ./absent is no file that can be read"),
        (["--", "no-such-program-anywhere"], "neither a rawbpf command nor an executable"),
        (["--no-such-option"], "unknown option"),
        (["--workload", "'"], "--workload"),
        (["--add", "/no/such/file", "--", "python"], "/no/such/file"),
    ],
)
def test_what_cannot_mean_anything_is_a_usage_error(words, message, capfd):
    assert main(["guest", *words]) == 2
    captured = capfd.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_its_help_is_its_own(capsys):
    assert main(["guest", "--help"]) == 0
    assert "rawbpf guest [options]" in capsys.readouterr().out
