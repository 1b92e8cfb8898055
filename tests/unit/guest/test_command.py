import os
import sys
from pathlib import Path

import pytest

from rawbpf.arch import ARM64
from rawbpf.errors import UsageError
from rawbpf.guest import command as command_module
from rawbpf.guest.command import understand
from rawbpf.guest.image.interpreter import Interpreter


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text("")
    (tmp_path / "test_it.py").write_text("")
    return tmp_path


def test_no_command_opens_a_prompt():
    command = understand([], {"kprobe"})
    assert command.argv[:3] == [sys.executable, "-q", "-i"]
    assert command.files == []


def test_a_rawbpf_command():
    command = understand(["kprobe", "do_sys_openat2", "-d", "3"], {"kprobe"})
    assert command.argv == [
        sys.executable,
        "-P",
        "-m",
        "rawbpf",
        "kprobe",
        "do_sys_openat2",
        "-d",
        "3",
    ]


def test_options_of_rawbpf_itself():
    assert understand(["--version"], ()).argv == [sys.executable, "-P", "-m", "rawbpf", "--version"]


def test_python_and_the_files_it_is_given():
    command = understand(["python", "script.py", "argument"], ())
    assert command.argv == [sys.executable, "script.py", "argument"]
    assert command.files == ["script.py"]
    assert not command.with_tests


def test_pytest_gets_its_project(here):
    (here / "pyproject.toml").write_text("")
    command = understand(["pytest", "test_it.py::test_one", "--junit-xml=absent"], ())
    assert command.argv[:3] == [sys.executable, "-m", "pytest"]
    assert command.files == [str(here), "test_it.py"]
    assert command.with_tests


def test_hypothesis_options_enable_its_plugin():
    assert "no:hypothesispytest" in understand(["pytest"], ()).argv
    assert "no:hypothesispytest" not in understand(["pytest", "--hypothesis-seed=1"], ()).argv


def test_an_option_may_name_a_file():
    assert understand(["python", "-m", "tool", "--config=script.py"], ()).files == ["script.py"]


def test_any_executable_is_copied():
    command = understand(["sh", "-c", "true"], {"kprobe"})
    assert command.argv[1:] == ["-c", "true"]
    assert command.files == [command.argv[0]]
    assert command.argv[0].startswith("/")


def test_unknown_commands_are_rejected():
    with pytest.raises(UsageError, match="neither a rawbpf command nor an executable"):
        understand(["no-such-program-anywhere"], {"kprobe"})


def test_an_argument_longer_than_a_file_name():
    assert understand(["python", "-c", "pass;" * 100], ()).files == []


@pytest.mark.parametrize("word", ["/proc", "/proc/kmsg", "/sys", "/dev/null", "--file=/proc/kmsg"])
def test_paths_of_the_kernel_are_those_of_the_guest(word):
    command = understand(["python", word], ())
    assert (command.files, command.omitted) == ([], ())


def test_large_files_and_folders_are_not_copied(here, monkeypatch):
    monkeypatch.setattr(command_module, "LARGEST", 1 << 20)
    monkeypatch.setattr(command_module, "MOST_FILES", 5)
    (here / "many").mkdir()
    for number in range(6):
        (here / "many" / str(number)).touch()
    with (here / "large").open("wb") as file:
        file.truncate((1 << 20) + 1)
    command = understand(["python", "many", "script.py", "large", "/usr"], ())
    assert command.files == ["script.py"]
    assert [line.split()[2].rstrip(":") for line in command.omitted] == ["many", "large", "/usr"]
    assert "more than 1 MiB or 5 files; use --add large to copy it" in command.omitted[1]


def test_paths_that_are_added_are_not_measured(here, monkeypatch):
    monkeypatch.setattr(command_module, "MOST_FILES", 0)
    (here / "many").mkdir()
    (here / "many" / "file").touch()
    command = understand(["python", "many/file", "script.py"], (), ["./many"])
    assert command.files == []
    assert [line.split()[2].rstrip(":") for line in command.omitted] == ["script.py"]


def test_a_fifo_is_not_copied(here):
    os.mkfifo(here / "fifo")
    command = understand(["python", "fifo"], ())
    assert command.files == []
    assert command.omitted == ("cannot copy fifo: the path is neither a file nor a folder",)


def test_all_words_together_are_bounded(here, monkeypatch):
    monkeypatch.setattr(command_module, "LARGEST", 100)
    for name in "ab":
        (here / name).write_bytes(bytes(60))
    command = understand(["python", "a", "b"], ())
    assert command.files == ["a"]
    assert len(command.omitted) == 1


PYTHON = Interpreter(ARM64, "/usr/bin/python3.11", Path("/nonexistent"))


@pytest.mark.parametrize("words", [[], ["python", "script.py"], ["pytest"], ["kprobe", "x"]])
def test_a_guest_of_another_architecture_has_its_own_python(words):
    assert understand(words, {"kprobe"}, (), PYTHON).argv[0] == "/usr/bin/python3.11"


def test_programs_of_this_machine_do_not_run_on_another_architecture(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here), prepend=":")
    for name, machine in (("x86", 62), ("sparc", 43), ("arm", 183)):
        (here / name).write_bytes(b"\x7fELF\x02\x01".ljust(18, b"\0") + bytes([machine, 0]))
        (here / name).chmod(0o755)
    with pytest.raises(UsageError, match=r"cannot run x86 in an arm64 guest: .*/x86 is .* x86-64;"):
        understand(["x86"], (), (), PYTHON)
    with pytest.raises(UsageError, match="built for another architecture"):
        understand(["sparc"], (), (), PYTHON)
    assert understand(["arm"], (), (), PYTHON).files == [str(here / "arm")]
