"""`rawbpf learn` copies the lessons and example programs."""

from pathlib import Path

from rawbpf.cli.main import main

ROOT = Path(__file__).resolve().parents[3]


def test_lessons_and_programs_are_copied(tmp_path, capsys):
    to = tmp_path / "a" / "copy"
    assert main(["learn", "--copy", str(to)]) == 0
    assert f"copied the lessons to {to}/docs/lessons" in capsys.readouterr().out
    for name in ("docs/lessons/README.md", "docs/lessons/conftest.py", "bpf_src/open_ring.bpf.c",
                 "docs/lessons/01-hello-kprobe/exercise/hello.py"):  # fmt: skip
        assert (to / name).read_bytes() == (ROOT / name).read_bytes()
    assert list(to.rglob("__pycache__")) == []


def test_a_folder_that_exists_is_not_changed(tmp_path, capsys):
    assert main(["learn", "--copy", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"rawbpf: {tmp_path} already exists; name a new folder\n"
    assert list(tmp_path.iterdir()) == []


def test_the_installed_folders_are_printed(capsys):
    assert main(["learn"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert Path(line.split()[1]).is_dir()
