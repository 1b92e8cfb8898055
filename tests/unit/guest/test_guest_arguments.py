import pytest

from rawbpf.cli.main import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cpus", "0"], "--cpus is '0'"),
        (["--cpus", "x"], "--cpus is 'x'"),
        (["--memory", "lots"], "invalid --memory 'lots'"),
        (["--memory", ""], "--memory is empty"),
        (["--timeout", "soon"], "invalid --timeout 'soon'"),
        (["--timeout", "nan"], "invalid --timeout 'nan'"),
        (["--kernel", "./absent"], "cannot read the kernel image ./absent"),
        (["--", "no-such-program-anywhere"], "neither a rawbpf command nor an executable"),
        (["--no-such-option"], "unknown option"),
        (["--workload", "'"], "--workload"),
        (["--workload", "nosuchprog x"], "invalid --workload: unknown command 'nosuchprog'"),
        (["--fetch"], "no kernel given"),
        (["--add", "/no/such/file", "--", "python"], "/no/such/file"),
    ],
)
def test_invalid_arguments_are_usage_errors(words, message, capfd):
    assert main(["guest", *words]) == 2
    captured = capfd.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_help(capsys):
    assert main(["guest", "--help"]) == 0
    assert "rawbpf guest [options]" in capsys.readouterr().out
