"""``rawbpf gallery``: programs that the verifier refuses, one after the other, to learn from."""

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

USAGE = """Programs that the verifier refuses: look, guess, see why, see the repair.

Usage:
  rawbpf gallery [<program>] [--clang=<name>] [--from=<dir>] [-v]...
  rawbpf gallery --list [--from=<dir>] [-v]...

Each program is shown, then you are asked what is wrong with it (on a terminal only). Then this
kernel verifies it, and what it says is explained. In the end comes the smallest change that the
kernel accepts. Without a program: all of them, from the first on, as long as you like.

Arguments:
  <program>       Its number or name.

Options:
  --list          List all programs.
  --clang=<name>  Which clang compiles those in C.
  --from=<dir>    Where the programs are, if not those that came with rawbpf. An object (.bpf.o)
                  beside a program in C is taken instead of compiling.
  -v, --verbose   Say more on stderr.
  -h, --help      Show this.

  rawbpf gallery null_not_checked
  rawbpf guest --kernel 6.1 gallery 5
"""


def run(arguments: dict[str, Any]) -> int:
    """One program, or one after the other, or the list."""
    folder = Path(arguments["--from"]) if arguments["--from"] else None
    word = arguments["<program>"]
    if arguments["--list"] or (word is None and not _talking()):
        write_lines(table(exhibits(folder)))
        return 0
    from rawbpf.collection.kernel_facts import KernelFacts

    room = _Room(KernelFacts(), arguments["--clang"])
    if word is not None:
        room.show(find_exhibit(word, folder))
        return 0
    for one in exhibits(folder):
        try:
            room.show(one)
        except UnsupportedError as error:  # of this one, on this kernel
            complain(error)
        if _ask("Enter for the next one, q to leave: ").strip():
            break
    return 0


def _talking() -> bool:
    """Whether there is somebody to ask."""
    return os.isatty(0) and os.isatty(1)


def _ask(question: str) -> str:
    """A line from the terminal; "q" at the end of input."""
    try:
        return input(question)
    except EOFError:
        write_lines([""])
        return "q"


class _Room:
    """Shows programs of one gallery to one visitor."""

    def __init__(self, kernel: KernelFacts, clang: str | None) -> None:
        self.kernel, self.clang = kernel, clang

    def show(self, one: Exhibit) -> None:
        """The program, the question, the verdict, the repair."""
        from rawbpf.kernel.version import kernel_version

        version = kernel_version()
        write_lines([*heading(one), *numbered(one.path), ""])
        if one.rule_on(version[:2]) is None:
            needed = ".".join(map(str, one.since))
            raise UnsupportedError(
                f"this program is about Linux {needed} and later",
                why=f"this is {version}",
                fix=f"try it there: `rawbpf guest --kernel {_newer(one)} gallery {one.number}`",
            )
        refused = self.attempt(one, one.path)
        if not isinstance(refused.error, VerifierError):
            raise _no_verdict(one, refused) from refused.error
        if _talking():
            self.quiz(refused.error)
        write_lines(["", *_explained(refused.error), "", *lesson(one), ""])
        self.repair(one)

    def attempt(self, one: Exhibit, path: Path) -> Verdict:
        """What this kernel makes of a file."""
        return attempt(self.spec(path), self.kernel, one.without)

    def spec(self, path: Path) -> ObjectSpec:
        """The blueprint of a file; C is compiled, if that was not done before."""
        from rawbpf.cli.objects.object_file import compile_source
        from rawbpf.collection.object_source import read_object, spec_of

        if path.suffix == ".s":
            return read_object(path)
        compiled = path.with_suffix(".o")
        if compiled.is_file():
            return read_object(compiled)
        return spec_of(compile_source(str(path), self.clang), path.name)

    def quiz(self, refusal: VerifierError) -> None:
        """Have the visitor guess which rule it is."""
        from rawbpf.cli.verify.gallery_text import choices
        from rawbpf.verifier.registry import all_rules

        rule = refusal.explanation.rule
        if rule is None:
            return
        titles = choices(rule.title, [other.title for other in all_rules().values()])
        write_lines(["What is wrong?", *(f"  {n}  {text}" for n, text in enumerate(titles, 1))])
        answer = _ask("Your guess: ").strip()
        right = answer == str(titles.index(rule.title) + 1)
        write_lines(["Right." if right else f"It is: {rule.title}."])

    def repair(self, one: Exhibit) -> None:
        """The change, and that the kernel accepts it."""
        said, _ = one.fixed()
        write_lines([f"The repair: {said}", "", *diff(one), ""])
        verdict = self.attempt(one, one.fixed_path)
        if verdict.error is not None:
            raise verdict.error
        write_lines(["This kernel accepts it.", *machine_hint(one)])


def _explained(refusal: VerifierError) -> list[str]:
    from rawbpf.output.explanation import explanation_lines

    found = refusal.explanation
    return [f"Rejected: {found.headline}", *explanation_lines(found)]


def _newer(one: Exhibit) -> str:
    """A version of those that `rawbpf guest` gets, with what the program is about."""
    return next(text for text in ("6.1", "6.12", "sid") if text == "sid" or _at(text) >= one.since)


def _at(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _no_verdict(one: Exhibit, verdict: Verdict) -> UsageError | UnsupportedError:
    """The kernel did not come to verifying, or it accepted the program."""
    fix = f"try it in a guest, which needs no rights: `rawbpf guest gallery {one.number}`"
    if verdict.error is None:
        return UnsupportedError(f"this kernel accepts {one.name!r}", fix=fix)
    # The error's own fix is about this machine, and a guest is the better one.
    return UnsupportedError(
        "this kernel did not verify the program",
        why=verdict.error.headline,
        fix=fix,
        explanation=verdict.error.explanation,
    )


_ALSO = "CAP_SYS_ADMIN"
"""It stands for CAP_BPF and CAP_PERFMON, so who is to lack them must lack it as well."""


class Verdict(NamedTuple):
    """``error`` is None if the kernel took the program; ``log`` what its verifier wrote."""

    error: RawbpfError | None
    log: str


def attempt(spec: ObjectSpec, kernel: KernelFacts, without: tuple[str, ...] = ()) -> Verdict:
    """Load all programs of an object, and unload them.

    ``without``: the capabilities to do without meanwhile. Errors that are no verdict, such as EPERM
    for want of rights, are in ``error`` with an empty log.
    """
    with Collection(spec, kernel) as collection:
        try:
            with without_capabilities((*without, _ALSO) if without else ()):
                collection.load()
        except RawbpfError as error:
            return Verdict(error, error.details)
    return Verdict(None, "")
