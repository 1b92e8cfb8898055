"""Run all checks and tests, and print a summary.

Usage:
  test [--quick] [<argument>...]
  test --fuzz MINUTES [<argument>...]
  test --setup
  test (-h | --help)

The checks are lint and type checks, unit tests, tests of the guest, and kernel tests in guests with
the current kernel of each Debian suite: bullseye, bookworm, trixie and sid. Any additional
arguments are passed to pytest. If paths are given, only the tests under these paths run.

Options:
  --quick         Test bookworm's kernel only.
  --fuzz MINUTES  Run only the property and fuzz tests, again and again with new random inputs,
                  until the time is over or a test fails. Inputs that fail are kept in .hypothesis/.
  --setup         Install what the lessons need, and run no tests.
  -h, --help      Show this help.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fetch_objects import bring
from fetch_objects import folder as objects_folder
from outcome import Outcome, closing_line, counts, summary
from system_packages import EMULATOR, EMULATORS, PEERS, install

from rawbpf.arch import ARM64, native
from rawbpf.command_words import own_python
from rawbpf.errors import RawbpfError
from rawbpf.guest.kernels.choice import DEFAULT_SUITE, SUITES, Kernel, cached, choose
from rawbpf.guest.kernels.debian import fetch
from rawbpf.guest.runner import python_for

if TYPE_CHECKING:
    from rawbpf.arch import Architecture

BIN = Path(sys.executable).parent
PYTEST = own_python("pytest", "-q")
KERNEL_TESTS = "tests/kernel"
STRACED = f"{KERNEL_TESTS}/test_narration.py::test_strace_sees_the_same"
GUEST_TESTS = "tests/guest"
OBJECT_TESTS = "tests/objects"
BTF_TESTS = [
    "tests/unit/btf/test_ctext_vmlinux.py",
    "tests/unit/btf/test_describe.py",
    "tests/unit/btf/test_vmlinux.py",
    "tests/unit/core_relo/test_against_libbpf.py",
    "tests/objects/test_relocate.py",
]
# the suite with the packaged tools, and the suite after it
TOOLS_SUITES = ("bookworm", "trixie")
AS_LIBBPF = f"{KERNEL_TESTS}/test_modules.py::test_the_code_is_that_of_libbpf"
ONLY_ON = {
    # The lessons show the output from only one kernel. strace's output is the same on all kernels.
    f"{KERNEL_TESTS}/test_lessons.py": (DEFAULT_SUITE,),
    f"{STRACED}_calls_in_the_same_order[load]": (DEFAULT_SUITE,),
    f"{STRACED}_values[load]": (DEFAULT_SUITE,),
    f"{KERNEL_TESTS}/test_run.py::test_at_gives_targets_that_sections_lack": (DEFAULT_SUITE,),
    # The tests of `kprobe` on all kernels include output that nobody reads.
    f"{KERNEL_TESTS}/test_run.py::test_a_reader_that_does_not_read_cannot_block": (DEFAULT_SUITE,),
    f"{KERNEL_TESTS}/test_narration.py::test_the_script_does_the_same": (DEFAULT_SUITE,),
    f"{KERNEL_TESTS}/test_packaged_tools.py": TOOLS_SUITES,
    AS_LIBBPF: TOOLS_SUITES,
    f"{KERNEL_TESTS}/test_packaged_events.py": (DEFAULT_SUITE,),
}
"""Maps slow tests whose results are the same on all kernels to the suites that run them."""
MODULES = ("nf_conntrack", "x_tables", "dummy")
"""Kernel modules that are loaded for kernel tests.

The tests call functions, read a variable and unload one module.
"""
ARM64_TESTS = [
    f"{KERNEL_TESTS}/{name}.py"
    for name in (
        "test_pt_regs",
        "test_kprobe",
        "test_log_records",
        "test_ring_reader",
        "test_layouts",
        "test_bpf_src",
        "test_asm_symbols",
    )
]
"""Kernel tests that depend on the architecture, for one run on an emulated arm64 machine."""
MACHINE_TEST = f"{KERNEL_TESTS}/test_machine_kernel.py"
FUZZ = ["-m", "hypothesis", "--hypothesis-profile=fuzz", "--timeout=1800"]
"""The tests with random inputs, which are run with more inputs than usual."""
FUZZ_TESTS = ["tests/fuzz", "tests/unit"]
NOTHING_COLLECTED = 5  # pytest's exit status
A_DAY = 24 * 60 * 60
_CLANG = "clang-19"
AT_ONCE = 2  # the number of commands to run in parallel; each guest uses one CPU of the host

LINT = {
    "ruff": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "mypy": ["mypy"],
    "lint-imports": ["lint-imports", "--no-cache"],
}


class Part(NamedTuple):
    """A command to run as a part of the tests.

    ``is_pytest`` is set if the command's output ends with pytest's closing line.
    """

    name: str
    command: list[str]
    is_pytest: bool = True
    remark: str = ""


def run(part: Part) -> Outcome:
    """Run a command, print its output when it ends, and return its outcome."""
    begun = time.monotonic()
    done = subprocess.run(
        part.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    found = counts(done.stdout) if part.is_pytest else {}
    good = done.returncode in (0, NOTHING_COLLECTED if part.is_pytest else 0)
    outcome = Outcome(
        part.name, good and found is not None, found or {}, time.monotonic() - begun, part.remark
    )
    print(f"--- {part.name}\n{done.stdout.rstrip()}\n", flush=True)
    return outcome


def run_side_by_side(parts: list[Part]) -> list[Outcome]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, parts))


def lint() -> list[Outcome]:
    parts = [Part(name, [str(BIN / words[0]), *words[1:]], False) for name, words in LINT.items()]
    return run_side_by_side(parts)


def present_kernels(suites: list[str], arch: Architecture) -> tuple[list[Kernel], list[Outcome]]:
    """Return the kernel of each suite, updated once a day, and an outcome for each missing one.

    If the archive cannot be reached, the cached kernel is used. The summary shows which version was
    used.
    """
    kernels, absent = [], []
    for suite in suites:
        kernel = choose(suite, cached(arch))
        why = ""
        if kernel is None or kernel.modules is None or time.time() - _updated_at(kernel) > A_DAY:
            try:
                python_for(arch, say)
                fetch(suite, say, arch)
            except RawbpfError as error:
                why = str(error)
                say(why)
            kernel = choose(suite, cached(arch))
        if kernel is None:
            absent.append(Outcome(f"{arch.name} kernel of {suite}", False, {}, 0, why))
        else:
            kernels.append(kernel)
    return kernels, absent


def _updated_at(kernel: Kernel) -> float:
    return (kernel.vmlinuz.parent / "origin").stat().st_mtime


def kernel_part(kernel: Kernel, arguments: list[str], out: str) -> Part:
    """Return the command for the kernel tests in a guest, which copies BTF to ``out``."""
    command = own_python("rawbpf", "guest", f"--kernel={kernel.release}")
    command += ["--timeout", "1500", "--out", f"{out}/{kernel.suite}", "--disk", "64M"]
    command += [f"--module={name}" for name in MODULES]
    for peer in ("bpftool", "strace"):
        if found := shutil.which(peer, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
            command += ["--add", found]
    if (tools := objects_folder() / "libbpf-tools").exists() and kernel.suite in TOOLS_SUITES:
        # Adding a program copies its libraries, but adding a folder copies no libraries.
        command += ["--add", str(tools.parent), "--add", str(tools / "opensnoop")]
    command += ["--", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    for test, suites in ONLY_ON.items():
        if kernel.suite not in suites:
            command += ["--deselect" if "::" in test else "--ignore", test]
    return Part(f"kernel {kernel.release}", command, remark=f" ({kernel.suite})")


def arm64_part(kernel: Kernel, options: list[str]) -> Part:
    """Return the command for the tests on an arm64 kernel, on an emulated machine if necessary."""
    command = own_python("rawbpf", "guest", "--arch=arm64", f"--kernel={kernel.release}")
    command += ["--timeout", "1500", "--", "pytest", "-q", "-p", "no:cacheprovider"]
    return Part(
        f"kernel {kernel.release}", [*command, *options, *ARM64_TESTS], remark=f" ({kernel.suite})"
    )


def btf_part(out: str) -> Part:
    """Return the command for the tests of each kernel's BTF, which run on the host."""
    files = " ".join(map(str, sorted(Path(out).glob("*/btf-*"))))
    command = ["env", f"RAWBPF_BTF={files}", *PYTEST, "-n", "2", *BTF_TESTS]
    return Part("BTF of all kernels", command)


def split(arguments: list[str]) -> tuple[list[str], list[str], list[str], bool]:
    """Split arguments into options, unit tests, kernel tests, and whether paths were given."""
    options, here, inside = [], [], []
    for word in arguments:
        path = word.partition("::")[0]
        if word.startswith("-") or not Path(path).exists():
            options.append(word)
        elif Path(path).is_relative_to(KERNEL_TESTS):
            inside.append(word)
        else:
            here.append(word)
    return options, here, inside, bool(here or inside)


def say(message: str) -> None:
    print(f"test: {message}", file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    if words[:1] in (["-h"], ["--help"]):
        print((__doc__ or "").strip())
        return 0
    if words == ["--setup"]:
        return set_up()
    if words[:1] == ["--fuzz"]:
        return fuzz(words[1:])
    quick = "--quick" in words
    options, here, inside, chosen = split([word for word in words if word != "--quick"])
    begun = time.monotonic()
    absent = install(EMULATORS) + install(PEERS)
    if absent:
        say(f"tests that need {', '.join(absent)} are skipped")
    else:
        os.environ["RAWBPF_REQUIRE_PEERS"] = "1"  # let tests fail instead of being skipped
    without = bring(say)
    os.environ["RAWBPF_OBJECTS"] = str(objects_folder())
    outcomes = [] if chosen else lint()
    if here or not chosen:
        outcomes.append(run(Part("unit tests", [*PYTEST, "-n", "2", *options, *here])))
    if not chosen:
        outcomes.append(objects(options, without))
    if inside or not chosen:
        outcomes += in_guests(options, inside or [KERNEL_TESTS], quick=quick, also=not chosen)
    print(summary(outcomes), end="\n\n")
    print(closing_line(outcomes, time.monotonic() - begun), flush=True)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def set_up() -> int:
    """Install the programs that the lessons need; tools/test has created .venv."""
    absent = install(EMULATOR | {_CLANG: PEERS[_CLANG]})
    if absent:
        say(f"cannot install {', '.join(absent)}: use your package manager")
    say("to activate the environment, type: . .venv/bin/activate")
    return 1 if absent else 0


def fuzz(words: list[str]) -> int:
    """Repeat the property and fuzz tests for the number of minutes in ``words[0]``.

    Further arguments are passed to pytest.
    """
    try:
        minutes = float(words[0])
    except (IndexError, ValueError):
        say("--fuzz needs a number of minutes, such as 60")
        return 2
    begun, outcomes = time.monotonic(), list[Outcome]()
    os.environ["RAWBPF_OBJECTS"] = str(objects_folder())
    while time.monotonic() - begun < minutes * 60 and all(one.good for one in outcomes):
        command = [*PYTEST, "-n", "2", *FUZZ, *(words[1:] or FUZZ_TESTS)]
        outcomes.append(run(Part(f"fuzz, round {len(outcomes) + 1}", command)))
    print(summary(outcomes), end="\n\n")
    print(closing_line(outcomes, time.monotonic() - begun), flush=True)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def objects(options: list[str], without: str) -> Outcome:
    """Run the tests of third-party objects. If objects are missing, the outcome is a failure."""
    name = "foreign objects"
    if without:
        return Outcome(name, False, {}, 0, without)
    return run(Part(name, [*PYTEST, *options, OBJECT_TESTS]))


def in_guests(options: list[str], paths: list[str], *, quick: bool, also: bool) -> list[Outcome]:
    """Run the kernel tests on each kernel and, with ``also``, the tests of the guest."""
    kernels, absent = present_kernels([DEFAULT_SUITE] if quick else list(SUITES), native())
    arm64, absent_arm64 = present_kernels([DEFAULT_SUITE] if also else [], ARM64)
    compile_tests()
    # Guests have no compiler, so the programs are compiled on the host.
    subprocess.run([sys.executable, "tools/compile-bpf"], check=True)
    if arm64:
        subprocess.run([sys.executable, "tools/compile-bpf", "--arch=arm64"], check=True)
    if any(MACHINE_TEST.startswith(path.partition("::")[0]) for path in paths):
        # Each run tests new random programs. The programs are generated on the host, because an
        # emulated CPU would take minutes.
        subprocess.run([sys.executable, "tools/random-programs"], check=True)
    with tempfile.TemporaryDirectory() as out:
        # The slowest suites start first, so that all guests end at about the same time.
        kernels.sort(key=lambda kernel: kernel.suite not in TOOLS_SUITES)
        parts = [kernel_part(kernel, [*options, *paths], out) for kernel in kernels]
        if also:
            parts += [arm64_part(kernel, options) for kernel in arm64]
            parts.append(Part("guest tests", [*PYTEST, *options, GUEST_TESTS]))
        outcomes = run_side_by_side(parts)
        if also:
            outcomes.append(run(btf_part(out)))
    return outcomes + absent + absent_arm64


def compile_tests() -> None:
    """Cache the bytecode of the kernel tests, so that guests do not have to compile the tests."""
    environment = {name: value for name, value in os.environ.items() if "BYTECODE" not in name}
    subprocess.run(
        [*PYTEST, "--collect-only", KERNEL_TESTS],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
