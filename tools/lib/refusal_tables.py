"""The generated parts of docs/reference/refusals.md, from the rules."""

from textwrap import wrap

from rawbpf.errors import errno_name
from rawbpf.refusals.registry import rules, types_rules
from rawbpf.refusals.rule import Rule
from rawbpf.refusals.types_rule import TypesRule

WIDTH = 104


def calls() -> str:
    return "\n\n".join([_overview(rules()), *map(_call, rules().values())])


def types() -> str:
    return "\n\n".join([_overview(types_rules()), *map(_types, types_rules().values())])


def _overview(found: dict[str, Rule] | dict[str, TypesRule]) -> str:
    rows = [f"| [{one.code}](#{one.code.lower()}) | {one.title} |" for one in found.values()]
    return "\n".join(["", "| code | what is wrong |", "| --- | --- |", *rows])


def _call(rule: Rule) -> str:
    names = ", ".join(f"`{call.name}`" for call in rule.calls)
    errnos = ", ".join(errno_name(number) for number in rule.errnos)
    return _section(rule, f"{names}: {errnos}.")


def _types(rule: TypesRule) -> str:
    return _section(rule, "`BPF_BTF_LOAD`.")


def _section(rule: Rule | TypesRule, where: str) -> str:
    example = f"For example: {rule.example}"
    texts = [_wrapped(text) for text in (where, rule.meaning, rule.reason, example)]
    return "\n\n".join([f"### {rule.code}", f"**{rule.title}**", *texts])


def _wrapped(text: str) -> str:
    return "\n".join(wrap(text, WIDTH, break_on_hyphens=False, break_long_words=False))


PARTS = {"calls": calls, "types": types}
