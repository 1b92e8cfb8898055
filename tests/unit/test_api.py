"""The names that `import rawbpf` offers."""

import subprocess
import sys

import rawbpf
from rawbpf import errors


def test_whatever_is_raised_can_be_caught_by_its_name():
    assert set(errors.__all__) - {"ENOTSUPP", "did_you_mean", "errno_name", "errno_words"} <= set(
        rawbpf.__all__
    )


def test_importing_it_costs_nothing_more():
    code = "import sys; before = set(sys.modules); import rawbpf; print(set(sys.modules) - before)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ctypes" not in out.stdout
    assert "rawbpf.syscall" not in out.stdout


def test_a_wrong_name_is_an_attribute_error():
    assert not hasattr(rawbpf, "Uprobe")


def test_the_main_job_starts_with_what_it_uses():
    heavy = {"elftools", "rich", "dataclasses", "inspect", "subprocess", "json", "platformdirs"}
    code = (
        "import sys, rawbpf.cli.main, rawbpf.cli.arguments, rawbpf.cli.tracing.kprobe, "
        "rawbpf.output.text\nprint(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    assert not heavy & loaded
    assert "rawbpf.kernel.kallsyms" not in loaded
    assert not any(name.startswith("rawbpf.narration") for name in loaded)
