"""RB-V015: an argument has a type that the function does not accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import HITS, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_NAMED = 4
_POINTER = "a pointer to "


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    register = int(words["reg"])
    got = _type(words["got"], match) if words.get("got") else "something else"
    name = failure.effect.name or "the function"
    types = (words.get("wanted") or "").replace("pointer to ctx", "ctx")
    wanted = _wanted(types, match)
    value = failure.value(register)
    known = (Evidence(is_a(register, value)),) if value is not None else ()
    return Finding(
        f"{name} expects {wanted or 'another type'} in r{register}, but gets {got}",
        (*known, *history(failure, register)),
        change=_change(register, types),
    )


def _type(kind: str, match: re.Match[str]) -> str:
    """Describe a register type in words, or return the structure named by a message."""
    return f"a pointer to struct {kind}" if "is of type" in match[0] else kind_words(kind)


def _wanted(text: str, match: re.Match[str]) -> str:
    """Describe a list of types in words; a long list is summarized as any readable memory."""
    kinds = [one.strip() for one in text.split(",") if one.strip()]
    if len(kinds) >= _NAMED and "fp" in kinds:
        return "a pointer to memory"
    words = list(dict.fromkeys(_type(one, match) for one in kinds))[:_NAMED]
    if all(one.startswith(_POINTER) for one in words):
        words[1:] = [one.removeprefix(_POINTER) for one in words[1:]]
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def _change(register: int, wanted: str) -> str:
    if wanted.strip() == "ctx":
        return (
            f"save r1 in r6 at the start of the program, and set r{register} = r6 before this call"
        )
    if wanted.strip() == "map_ptr":
        return f"load the map into r{register}: r{register} = NAME ll"
    if "fp" in wanted.split(","):
        return (
            f"store the value on the stack, and pass its address: r{register} = r10, "
            f"r{register} += -8"
        )
    return "pass an argument of the expected type"


RULE = Rule(
    code="RB-V015",
    title="Wrong argument type",
    patterns=(
        r"R(?P<reg>\d\d?) type=(?P<got>\w+) expected=(?P<wanted>[^\n]*)",
        r"R(?P<reg>\d\d?) is of type (?P<got>\w+) but (?P<wanted>\w+) is expected",
        r"R(?P<reg>\d\d?) has (?:an )?invalid type",
        r"R(?P<reg>\d\d?) expected (?P<wanted>pointer to ctx), but got (?P<got>\w+)",
    ),
    meaning=(
        "Each kernel function declares the types of its arguments, such as the context, a "
        "map, a pointer to memory of a certain size, or a number. The verifier compares "
        "these types with what it knows about r1 to r5 at the call."
    ),
    reason=(
        "The function is ordinary kernel code and trusts its arguments. If a program passed "
        "a number instead of a pointer, the function would dereference the number."
    ),
    examples=(
        Example(
            HITS + '.program look, "socket"\n        r2 = 5\n        r1 = hits ll\n'
            "        call map_lookup_elem\n        r0 = 0\n        exit\n",
            HITS + '.program look, "socket"\n        *(u32 *)(r10 - 4) = 5\n        r2 = r10\n'
            "        r2 += -4\n        r1 = hits ll\n        call map_lookup_elem\n"
            "        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
    general=True,
)
