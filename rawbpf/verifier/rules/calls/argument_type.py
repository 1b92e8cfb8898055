"""RB-V015: an argument of a kind that the function does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import HITS, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_NAMED = 4


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    register = int(words["reg"])
    got = kind_words(words["got"]) if words.get("got") else "something else"
    name = failure.effect.name or "the function"
    wanted = _wanted(words.get("wanted") or "")
    value = failure.value(register)
    known = (Evidence(is_a(register, value)),) if value is not None else ()
    return Finding(
        f"{name} wants {wanted or 'another kind of argument'} in r{register}, and gets {got}",
        (*known, *history(failure, register)),
        change=_change(failure, register, words.get("wanted") or ""),
    )


def _wanted(text: str) -> str:
    """A list of types in words; the long ones are of whatever can be read."""
    kinds = [one.strip() for one in text.split(",") if one.strip()]
    if len(kinds) >= _NAMED and "fp" in kinds:
        return "the address of memory"
    words = list(dict.fromkeys(kind_words(one) for one in kinds))
    return " or ".join(words[:_NAMED])


def _change(failure: Failure, register: int, wanted: str) -> str:
    if wanted.strip() == "ctx":
        return (
            f"hand the context to it: keep r1 in r6 at the beginning, and set r{register} from it"
        )
    if wanted.strip() == "map_ptr":
        return f"load the map into r{register}: r{register} = NAME ll"
    if "fp" in wanted.split(","):
        return f"store it on the stack, and give the address: r{register} = r10, r{register} += -8"
    name = failure.effect.name
    return f"look up what {name} takes" if name else "give what the function takes"


RULE = Rule(
    code="RB-V015",
    title="An argument of the wrong kind",
    patterns=(
        r"R(?P<reg>\d\d?) type=(?P<got>\w+) expected=(?P<wanted>[^\n]*)",
        r"R(?P<reg>\d\d?) is of type (?P<got>\w+) but (?P<wanted>\w+) is expected",
        r"R(?P<reg>\d\d?) has (?:an )?invalid type",
        r"R(?P<reg>\d\d?) expected (?P<wanted>pointer to ctx), but got (?P<got>\w+)",
    ),
    meaning=(
        "Each function of the kernel says what its arguments must be: the context, a map, an "
        "address with so many bytes behind it, a number. The verifier compares that with what it "
        "knows of r1 to r5 at the call."
    ),
    reason=(
        "The function is ordinary code of the kernel and believes what it is given. A number "
        "where it expects an address would be followed wherever it leads."
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
