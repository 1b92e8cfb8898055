"""``rawbpf completion``: print shell completions and a man page, made from the help texts.

The table of commands and the docopt text of each command are the only sources, so a new option is
completed and documented as soon as its command has it.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.cli.terminal import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["USAGE", "Help", "Option", "read_help", "run"]

USAGE = """Print completions for a shell, or a man page, generated from the help texts.

Usage:
  rawbpf completion (bash | zsh | fish | man) [-v]...

Options:
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

Write the output to a file that your shell or man(1) reads. For zsh, run fpath+=~/.zfunc before
compinit.

  rawbpf completion bash > ~/.local/share/bash-completion/completions/rawbpf
  rawbpf completion zsh > ~/.zfunc/_rawbpf
  rawbpf completion fish > ~/.config/fish/completions/rawbpf.fish
  rawbpf completion man > ~/.local/share/man/man1/rawbpf.1
"""

_CARRIERS = ("guest", "narrate")
"""Commands whose arguments are another command."""

_OPTION = re.compile(r"^  (?:(-\w), )?(--[a-z-]+)(\[?[ =][A-Z<][^ ]*)?(?:  +(.*))?$", re.MULTILINE)


class Option(NamedTuple):
    """An option of a command. ``short`` may be empty."""

    short: str
    long: str
    takes_value: bool
    summary: str


class Help(NamedTuple):
    """What the help text of a command says: its summary, subcommands and options."""

    name: str
    summary: str
    subcommands: list[str]
    options: list[Option]
    text: str


def read_help(name: str, summary: str, text: str) -> Help:
    r"""Read a docopt text.

    >>> text = "Usage: rawbpf map list\n\nOptions:\n  -d, --for SECONDS  Stop after it.\n"
    >>> found = read_help("map", "Show maps", text)
    >>> found.subcommands, found.options
    (['list'], [Option(short='-d', long='--for', takes_value=True, summary='Stop after it')])
    """
    first = re.findall(rf"rawbpf {re.escape(name)} \(?([a-z| ]+)", text)
    words = [word for group in first for word in re.findall(r"[a-z]+", group)]
    options = [
        Option(short, long, bool(value), shown.partition(". ")[0].rstrip(".;,"))
        for short, long, value, shown in _OPTION.findall(text)
    ]
    return Help(name, summary, list(dict.fromkeys(words)), options, text)


def run(arguments: dict[str, Any]) -> int:
    """Print the text for the named shell, or the man page."""
    from rawbpf.cli.main import COMMANDS

    helps = [
        read_help(one.name, one.summary, import_module(one.module).USAGE)
        for one in COMMANDS.values()
    ]
    form = next(form for word, form in _FORMS.items() if arguments[word])
    write_lines(form(helps))
    return 0


def _words(options: list[Option]) -> str:
    return " ".join(word for one in options for word in (one.short, one.long) if word)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_FIND_COMMAND = """\
    for word in {before}; do
        case $word in
            {names})
                command=$word
                case $word in {carriers}) ;; *) break ;; esac ;;
        esac
    done"""


def _find_command(helps: list[Help], before: str) -> str:
    """Return shell code that sets ``command``, after ``guest`` to the command to run there."""
    names = " | ".join(one.name for one in helps)
    return _FIND_COMMAND.format(before=before, names=names, carriers=" | ".join(_CARRIERS))


def _bash(helps: list[Help]) -> Iterator[str]:
    names = " ".join(one.name for one in helps)
    yield "# Completion of rawbpf for bash, printed by `rawbpf completion bash`."
    yield "_rawbpf() {"
    yield "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}"
    yield "    local command='' options='--help --version --verbose --narrate' places='' word"
    yield _find_command(helps, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')
    yield "    case $command in"
    yield f"        '') places={_quoted(names)} ;;"
    for one in helps:
        places = names if one.name in _CARRIERS else " ".join(one.subcommands)
        options = _words(one.options)
        yield f"        {one.name}) options={_quoted(options)} places={_quoted(places)} ;;"
    yield "    esac"
    yield "    COMPREPLY=()"
    yield "    if [[ $current == -* ]]; then"
    yield '        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")'
    yield '    elif [[ -z $command || $before == "$command" ]]; then'
    yield '        mapfile -t COMPREPLY < <(compgen -W "$places" -- "$current")'
    yield "    fi"
    yield "}"
    yield "complete -o default -F _rawbpf rawbpf"


def _zsh(helps: list[Help]) -> Iterator[str]:
    yield "#compdef rawbpf"
    yield "# Completion of rawbpf for zsh, printed by `rawbpf completion zsh`."
    yield "_rawbpf() {"
    yield "    local command='' word"
    yield "    local -a commands places options"
    yield "    commands=("
    for one in helps:
        yield f"        {_quoted(f'{one.name}:{one.summary}')}"
    yield "    )"
    yield _find_command(helps, '"${(@)words[2,CURRENT-1]}"')
    yield "    case $command in"
    yield "        '') places=(\"${commands[@]}\") ;;"
    for one in helps:
        yield f"        {one.name})"
        rows = [_quoted(f"{option.long}:{option.summary}") for option in one.options]
        yield f"            options=({' '.join(rows)})"
        places = '"${commands[@]}"' if one.name in _CARRIERS else " ".join(one.subcommands)
        yield f"            places=({places}) ;;"
    yield "    esac"
    yield "    if [[ $PREFIX == -* ]]; then"
    yield "        _describe -o option options"
    yield "    elif (( ${#places} )) && [[ -z $command || ${words[CURRENT-1]} == $command ]]; then"
    yield "        _describe command places"
    yield "    else"
    yield "        _files"
    yield "    fi"
    yield "}"
    yield '_rawbpf "$@"'


def _fish(helps: list[Help]) -> Iterator[str]:
    names = " ".join(one.name for one in helps)
    carried = " ".join(one.name for one in helps if one.name not in _CARRIERS)
    yield "# Completion of rawbpf for fish, printed by `rawbpf completion fish`."
    none = _quoted(f"not __fish_seen_subcommand_from {names}")
    after = _quoted(
        f"__fish_seen_subcommand_from {' '.join(_CARRIERS)}; "
        f"and not __fish_seen_subcommand_from {carried}"
    )
    for one in helps:
        for when in (none, after):
            yield f"complete -c rawbpf -f -n {when} -a {one.name} -d {_quoted(one.summary)}"
        seen = _quoted(f"__fish_seen_subcommand_from {one.name}")
        if one.subcommands:
            yield f"complete -c rawbpf -n {seen} -a {_quoted(' '.join(one.subcommands))}"
        for option in one.options:
            short = f" -s {option.short[1:]}" * bool(option.short)
            value = " -r" * option.takes_value
            words = f"{short} -l {option.long[2:]}{value} -d {_quoted(option.summary)}"
            yield f"complete -c rawbpf -n {seen}{words}"


def _man(helps: list[Help]) -> Iterator[str]:
    from rawbpf.cli.main import USAGE as OVERVIEW
    from rawbpf.version import __version__

    rows = "\n".join(f"  {one.name:<11} {one.summary}" for one in helps)
    yield f'.TH RAWBPF 1 "" "rawbpf {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "rawbpf \\- eBPF with nothing in between: Python, bytecode and system calls"
    yield ".SH SYNOPSIS"
    yield "rawbpf [\\-v]... [\\-\\-narrate[=HOW]] <command> [<argument>...]"
    yield ".SH DESCRIPTION"
    yield from _verbatim(OVERVIEW.partition("\n\n")[2].replace("{commands}", rows))
    for one in helps:
        yield f'.SH "RAWBPF {one.name.upper()}"'
        yield from _verbatim(one.text)


def _verbatim(text: str) -> Iterator[str]:
    """Yield the lines of a text that troff must not change."""
    yield ".nf"
    for line in text.rstrip().splitlines():
        shown = line.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
        yield f"\\&{shown}" if shown.startswith(".") else shown
    yield ".fi"


_FORMS = {"bash": _bash, "zsh": _zsh, "fish": _fish, "man": _man}
