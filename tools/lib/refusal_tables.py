"""Generate parts of docs/reference/refusals.md from the rules for failed calls."""

from rule_pages import codes, paragraph

from rawbpf.errors import errno_name
from rawbpf.refusals.registry import rules, types_rules
from rawbpf.refusals.rule import Rule, TypesRule


def calls() -> str:
    return "\n\n".join([codes(rules().values()), *map(_call, rules().values())])


def types() -> str:
    return "\n\n".join([codes(types_rules().values()), *map(_types, types_rules().values())])


def _call(rule: Rule) -> str:
    names = ", ".join(f"`{call.name}`" for call in rule.calls)
    errnos = ", ".join(errno_name(number) for number in rule.errnos)
    return _section(rule, f"{names}: {errnos}.")


def _types(rule: TypesRule) -> str:
    return _section(rule, "`BPF_BTF_LOAD`.")


def _section(rule: Rule | TypesRule, where: str) -> str:
    example = f"Example: {rule.example}"
    texts = [paragraph(text) for text in (where, rule.meaning, rule.reason, example)]
    return "\n\n".join([f"### {rule.code}", f"**{rule.title}**", *texts])


PARTS = {"calls": calls, "types": types}
