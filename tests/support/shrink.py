"""Reduce a program that fails to a smaller one that still fails."""

from collections.abc import Callable, Iterator

from tests.support.random_program import Branch, Call, Group, Loop, Recipe

Fails = Callable[[Recipe], bool]


def shrink(recipe: Recipe, fails: Fails) -> Recipe:
    """Remove parts, or replace them by their own parts, as long as the program still fails."""
    smaller = next((one for one in _smaller(recipe) if fails(one)), None)
    return recipe if smaller is None else shrink(smaller, fails)


def _smaller(recipe: Recipe) -> Iterator[Recipe]:
    """Yield recipes with half of the parts removed, then with single parts removed."""
    parts, value = recipe
    size = len(parts) // 2
    while size:
        for start in range(0, len(parts), size):
            yield Recipe(parts[:start] + parts[start + size :], value)
        size //= 2
    for parts_left in _variants(parts):
        yield Recipe(parts_left, value)


def _variants(parts: tuple) -> Iterator[tuple]:
    """Yield lists with one part removed, or one part simplified."""
    for number, part in enumerate(parts):
        before, after = parts[:number], parts[number + 1 :]
        yield before + after
        for simpler in _simpler(part):
            yield before + simpler + after


def _simpler(part) -> Iterator[tuple]:
    """Yield replacements of a part. Plain parts have none, and a group needs all its parts."""
    match part:
        case Group():
            return
        case Branch(condition, then, otherwise, leap):
            yield from (then, otherwise)
            yield from ((Branch(condition, less, otherwise, leap),) for less in _variants(then))
            yield from ((Branch(condition, then, less, leap),) for less in _variants(otherwise))
        case Loop(times, body):
            yield body
            yield from ((Loop(times, less),) for less in _variants(body))
        case Call(body):
            yield body
            yield from ((Call(less),) for less in _variants(body))
