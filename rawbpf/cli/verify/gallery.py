"""``rawbpf gallery``: show rejected programs, their explanations and their fixes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.cli.terminal import complain, write_lines
from rawbpf.cli.verify.gallery_text import diff, heading, lesson, machine_hint, numbered, table
from rawbpf.collection.collection import Collection
from rawbpf.errors import RawbpfError, UnsupportedError, UsageError, VerifierError
from rawbpf.syscall.capset import without_capabilities
from rawbpf.verifier.exhibits import exhibits, find_exhibit

if TYPE_CHECKING:
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.verifier.exhibits import Exhibit

__all__ = ["USAGE", "Verdict", "attempt", "run"]

USAGE = """Show programs that the verifier rejects: guess why, read the explanation, see the fix.

Usage:
  rawbpf gallery [<program>] [--clang=<name>] [--from=<dir>] [-v]...
  rawbpf gallery --list [--from=<dir>] [-v]...

For each program, the gallery shows the code and, on a terminal, asks you why the verifier rejects
it. Then this kernel's verifier rejects the program, and the gallery explains the verifier's message
and shows the smallest change that makes the kernel accept the program. Without <program>, the
gallery shows all programs in order until you quit.

Arguments:
  <program>       The number or name of a program.

Options:
  --list          List all programs.
  --clang=<name>  The clang that compiles the programs in C.
  --from=<dir>    Use the programs in this directory instead of rawbpf's own programs. If an object
                  (.bpf.o) exists next to a C program, the gallery uses the object.
  -v, --verbose   Print more detail to stderr.
  -h, --help      Show this help.

  rawbpf gallery null_not_checked
  rawbpf guest --kernel 6.1 gallery 5
"""


def run(arguments: dict[str, Any]) -> int:
    """Show one program, show all programs in order, or print the list."""
    folder = Path(arguments["--from"]) if arguments["--from"] else None
    word = arguments["<program>"]
    if arguments["--list"] or (word is None and not _interactive()):
        write_lines(table(exhibits(folder)))
        return 0
    from rawbpf.collection.kernel_facts import KernelFacts

    visit = _Visit(KernelFacts(), arguments["--clang"])
    if word is not None:
        visit.show(find_exhibit(word, folder))
        return 0
    for one in exhibits(folder):
        try:
            visit.show(one)
        except UnsupportedError as error:  # this program does not apply to this kernel
            complain(error)
        if _ask("Press Enter for the next program, q to quit: ").strip():
            break
    return 0


def _interactive() -> bool:
    """Return whether stdin and stdout are terminals."""
    return os.isatty(0) and os.isatty(1)


def _ask(question: str) -> str:
    """Read a line from the terminal; return "q" at the end of input."""
    try:
        return input(question)
    except EOFError:
        write_lines([""])
        return "q"


class _Visit:
    """Shows programs and asks questions about them."""

    def __init__(self, kernel: KernelFacts, clang: str | None) -> None:
        self.kernel, self.clang = kernel, clang

    def show(self, one: Exhibit) -> None:
        """Show the program, ask a question, explain the rejection, and show the fix."""
        from rawbpf.kernel.version import kernel_version

        version = kernel_version()
        write_lines([*heading(one), *numbered(one.path), ""])
        if one.rule_on(version[:2]) is None:
            needed = ".".join(map(str, one.since))
            raise UnsupportedError(
                f"this program requires Linux {needed} or later",
                why=f"this kernel is {version}",
                fix=f"use a guest: `rawbpf guest --kernel {_newer(one)} gallery {one.number}`",
            )
        rejected = self.attempt(one, one.path)
        if not isinstance(rejected.error, VerifierError):
            raise _no_verdict(one, rejected) from rejected.error
        if _interactive():
            self.quiz(rejected.error)
        write_lines(["", *_explained(rejected.error), "", *lesson(one), ""])
        self.repair(one)

    def attempt(self, one: Exhibit, path: Path) -> Verdict:
        """Load the programs in a file on this kernel."""
        return attempt(self.spec(path), self.kernel, one.without)

    def spec(self, path: Path) -> ObjectSpec:
        """Return the spec from a file; a C file is compiled unless an object file is next to it."""
        from rawbpf.cli.objects.object_file import compile_source
        from rawbpf.collection.object_source import read_object, spec_of

        if path.suffix == ".s":
            return read_object(path)
        compiled = path.with_suffix(".o")
        if compiled.is_file():
            return read_object(compiled)
        return spec_of(compile_source(str(path), self.clang), path.name)

    def quiz(self, rejection: VerifierError) -> None:
        """Let the user guess the rule that the program violates."""
        from rawbpf.cli.verify.gallery_text import choices
        from rawbpf.verifier.registry import all_rules

        rule = rejection.explanation.rule
        if rule is None:
            return
        titles = choices(rule.title, [other.title for other in all_rules().values()])
        write_lines(
            [
                "Why does the verifier reject this program?",
                *(f"  {n}  {text}" for n, text in enumerate(titles, 1)),
            ]
        )
        answer = _ask("Your guess: ").strip()
        right = answer == str(titles.index(rule.title) + 1)
        write_lines(["Right." if right else f"The answer is: {rule.title}."])

    def repair(self, one: Exhibit) -> None:
        """Show the change, and verify that the kernel accepts it."""
        said, _ = one.fixed()
        write_lines([f"The fix: {said}", "", *diff(one), ""])
        verdict = self.attempt(one, one.fixed_path)
        if verdict.error is not None:
            raise verdict.error
        write_lines(["This kernel accepts the program.", *machine_hint(one)])


def _explained(rejection: VerifierError) -> list[str]:
    from rawbpf.output.explanation import explanation_lines

    found = rejection.explanation
    return [f"Rejected: {found.headline}", *explanation_lines(found)]


def _newer(one: Exhibit) -> str:
    """Return a kernel version for `rawbpf guest` that is new enough for the program."""
    return next(text for text in ("6.1", "6.12", "sid") if text == "sid" or _at(text) >= one.since)


def _at(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _no_verdict(one: Exhibit, verdict: Verdict) -> UsageError | UnsupportedError:
    """Return the error for a program that was accepted, or that failed before verification."""
    fix = f"run the program in a guest, without root: `rawbpf guest gallery {one.number}`"
    if verdict.error is None:
        return UnsupportedError(f"this kernel accepts {one.name!r}", fix=fix)
    # The error's own suggestion concerns this machine, but running in a guest is the better remedy.
    return UnsupportedError(
        "this kernel did not verify the program",
        why=verdict.error.headline,
        fix=fix,
        explanation=verdict.error.explanation,
    )


_ALSO = "CAP_SYS_ADMIN"
"""CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, so it is dropped with either of them."""


class Verdict(NamedTuple):
    """``error`` is None if the kernel accepted the program; ``log`` is the verifier's log."""

    error: RawbpfError | None
    log: str


def attempt(spec: ObjectSpec, kernel: KernelFacts, without: tuple[str, ...] = ()) -> Verdict:
    """Load all programs of an object, and unload them again.

    ``without`` lists the capabilities to drop while loading. Other failures, such as EPERM because
    of missing privileges, are also reported in ``error``, with an empty log.
    """
    with Collection(spec, kernel) as collection:
        try:
            with without_capabilities((*without, _ALSO) if without else ()):
                collection.load()
        except RawbpfError as error:
            return Verdict(error, error.details)
    return Verdict(None, "")
