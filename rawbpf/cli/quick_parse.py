"""Parse ordinary command lines without docopt, based on docopt's usage text.

Importing docopt and parsing with it takes 10 ms, mostly for importing ``typing`` and ``re`` and for
finding a matching pattern. Most command lines do not need docopt: they spell out each option and
give every argument a value. For such command lines, ``quick_parse`` returns the same result as
docopt; all others (several patterns, abbreviated options, mistakes) are left to docopt.

>>> usage = '''Usage: rawbpf show FILE [--set NAME]... [options] [-v]...
...
... Options:
...   --set NAME     Set it.
...   --depth N      Depth [default: 3].
...   -v, --verbose  Print more.
... '''
>>> quick_parse(usage, ["show", "x", "-vv", "--depth=2"])
{'show': True, 'FILE': 'x', '--set': [], '--depth': '2', '--verbose': 2}
>>> quick_parse(usage, ["show", "x", "y"]), quick_parse(usage, ["show", "x", "--dep", "2"])
(None, None)
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["quick_parse"]


class _Option(NamedTuple):
    """An option described in the usage text. ``name`` is the option's long name, if it has one."""

    name: str
    takes_value: bool
    default: str | None


def quick_parse(usage: str, argv: list[str]) -> dict[str, Any] | None:
    """Return the result docopt would produce, or None if docopt must parse the command line."""
    pattern, _, rest = usage.partition("Usage:")[2].partition("\n\n")
    options = _described(rest)
    items = list(_items(pattern))
    if items[:2] != ["rawbpf", argv[0]] or "[options]" not in items:
        return None
    items = [item for item in items[2:] if item != "[options]"]
    places = [item for item in items if not item.startswith("[-")]
    repeated = {_repeated(item, options) for item in items if item.startswith("[-")}
    if None in repeated or not all(_is_place(place) for place in places):
        return None
    result: dict[str, Any] = {argv[0]: True} | {place.strip("[]"): None for place in places}
    for option in options.values():
        several: Any = [] if option.takes_value else 0
        once: Any = option.default if option.takes_value else False
        result[option.name] = several if option.name in repeated else once
    given = _read(argv[1:], options, result)
    fewest = sum(not place.startswith("[") for place in places)
    if given is None or not fewest <= len(given) <= len(places):
        return None
    return result | {place.strip("[]"): word for place, word in zip(places, given, strict=False)}


def _described(text: str) -> dict[str, _Option]:
    """Return the options described in the usage text, keyed by each of their names."""
    options = {}
    for entry in f"\n{text}".replace("\n  -", "\0-").split("\0")[1:]:
        names = entry.partition("\n")[0].partition("  ")[0]
        words = names.replace(",", " ").replace("=", " ").split()
        spellings = [word for word in words if word.startswith("-")]
        _, marked, default = entry.partition("[default: ")
        value = default.partition("]")[0] if marked else None
        option = _Option(spellings[-1], len(words) > len(spellings), value)
        options.update(dict.fromkeys(spellings, option))
    return options


def _items(pattern: str) -> Iterator[str]:
    """Split a usage pattern at spaces outside brackets."""
    words = iter(pattern.split())
    for word in words:
        while word.count("[") > word.count("]"):
            word += " " + next(words, "]")  # noqa: PLW2901 -- the rest of the same item
        yield word


def _is_place(item: str) -> bool:
    """Return whether an item of a pattern is a required or an optional argument."""
    return item.removeprefix("[").removesuffix("]").isalpha() and item.isupper()


def _repeated(item: str, options: dict[str, _Option]) -> str | None:
    """Return the name of the option that an item such as ``[--set NAME]...`` repeats."""
    spelling, _, value = item.removesuffix("]...").removeprefix("[").partition(" ")
    option = options.get(spelling)
    known = option is not None and option.takes_value == bool(value) and item.endswith("]...")
    return option.name if option is not None and known else None


def _read(
    words: list[str], options: dict[str, _Option], result: dict[str, Any]
) -> list[str] | None:
    """Store the options in the result, and return the remaining arguments.

    Returns None if the command line needs docopt.
    """
    given, seen = [], set()
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            given.append(word)
            continue
        name, equals, value = word.partition("=")
        times = 1
        if name.startswith("-v") and not name.strip("-v"):  # only -v may be repeated in this way
            times, name = len(name) - 1, name[:2]
        option = options.get(name)
        if option is None or (equals and not (name.startswith("--") and option.takes_value)):
            return None
        before = result[option.name]
        if option.takes_value and not equals:
            value = next(rest, "")
        if option.takes_value and not value:
            return None
        if isinstance(before, list):
            result[option.name] = [*before, value]
        elif not option.takes_value and not isinstance(before, bool):
            result[option.name] = before + times
        elif option.name in seen or times > 1:
            return None
        else:
            result[option.name] = value if option.takes_value else True
        seen.add(option.name)
    return given
